//! What the tests share: one way to start the program, one simulated tenant, one way to wait.

mod address;
mod daemon;
mod documents;
mod exotrace;
mod folder;
mod kafka_node;
mod mapping;
mod mapping_daemon;
mod paths;
mod records;
mod seed;
mod store_node;
mod tenant;
mod tenants;
mod terminal;
mod wait;

pub(crate) use self::{
    address::free_address,
    daemon::Daemon,
    documents::{assert_same, documents},
    exotrace::{Ended, Exotrace, PROGRAM, exotrace},
    folder::Folder,
    kafka_node::{KafkaNode, PLAIN_PASSWORD, SCRAM_PASSWORD},
    mapping::{Settings, geo, map},
    mapping_daemon::{MappingDaemon, NOWHERE},
    paths::{fixture, guest, project, text},
    records::{graph_records, sized_record, sized_records},
    seed::random,
    store_node::StoreNode,
    tenant::SimulatedTenant,
    tenants::{SimulatedTenants, id_and_recipient},
    terminal::{Terminal, plain},
    wait::{wait_for, wait_for_some, wait_long_for},
};
