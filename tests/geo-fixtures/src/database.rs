//! A database in the MaxMind DB format.

use std::collections::HashMap;

use maxminddb_writer::{
    Database,
    metadata::{IpVersion, Metadata},
    paths::IpAddrWithMask,
};
use serde::Serialize;

/// When the databases say they were built: 2026-01-01. Fixed, so that equal input gives equal
/// files.
const BUILD_EPOCH: u64 = 1_767_225_600;

/// Returns the bytes of a database with one record for each network.
pub(crate) fn write(
    database_type: &str,
    records: Vec<(IpAddrWithMask, impl Serialize)>,
) -> Result<Vec<u8>, maxminddb_writer::Error> {
    let mut database = Database::default();
    describe(&mut database.metadata, database_type);
    for (path, record) in records {
        let data = database.insert_value(record)?;
        database.insert_node(path, data);
    }
    database.write_to(Vec::new())
}

/// Says what a database is.
pub(crate) fn describe(metadata: &mut Metadata, database_type: &str) {
    metadata.ip_version = IpVersion::V6;
    metadata.database_type = database_type.to_owned();
    metadata.languages = vec!["en".to_owned()];
    metadata.binary_format_major_version = 2;
    metadata.build_epoch = BUILD_EPOCH;
    // One entry only: the order of several would change from run to run.
    let description = "Networks reserved for documentation, in made-up places";
    metadata.description = HashMap::from([("en".to_owned(), description.to_owned())]);
}
