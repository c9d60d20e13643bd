//! All mail as records, without a service: for measuring, and for programs that read files.

use std::io::{self, Write};

use crate::{TenantConfig, legacy, mail::Mail};

/// How a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordForm {
    /// As Microsoft Graph shows it.
    Graph,
    /// As the Reporting Web Service shows it, in light JSON.
    ReportingWebService,
}

/// Writes all mail of the tenant as NDJSON, newest first, and that of hours to come before it.
///
/// Needs little memory, however much it is. An error is one of `output`.
pub fn write_records(config: &TenantConfig, form: RecordForm, mut output: impl Write) -> io::Result<()> {
    let end = config.start();
    let range = [end - config.span, end];
    for (index, row) in Mail::new(config).rows().enumerate() {
        match form {
            RecordForm::Graph => serde_json::to_writer(&mut output, &row)?,
            RecordForm::ReportingWebService => {
                serde_json::to_writer(&mut output, &legacy::json(&row, index, range, &config.domain))?;
            }
        }
        output.write_all(b"\n")?;
    }
    output.flush()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::Value;

    use super::*;
    use crate::testing::config;

    fn records(form: RecordForm) -> Vec<Value> {
        let mut text = Vec::new();
        let config = TenantConfig { rows: 20_000, people: Some(20_000), ..config() };
        write_records(&config, form, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn counts<'a>(records: &'a [Value], name: &str) -> HashMap<&'a str, usize> {
        let mut counts = HashMap::new();
        for value in records.iter().filter_map(|record| record[name].as_str()) {
            *counts.entry(value).or_default() += 1;
        }
        counts
    }

    #[test]
    fn both_forms_show_the_same_rows() {
        let (graph, legacy) = (records(RecordForm::Graph), records(RecordForm::ReportingWebService));
        assert_eq!(graph.len(), 20_000);
        assert_eq!(legacy.len(), graph.len());
        for (graph, legacy) in graph.iter().zip(&legacy) {
            assert_eq!(graph["id"], legacy["MessageTraceId"]);
            assert_eq!(graph["recipientAddress"], legacy["RecipientAddress"]);
        }
    }

    #[test]
    fn many_people_and_servers_are_seen_and_few_of_them_often() {
        let records = records(RecordForm::Graph);
        for (name, at_least, busiest) in [
            ("recipientAddress", 6_000, 200..2_000),
            ("senderAddress", 4_000, 100..2_000),
            ("fromIP", 4_000, 50..1_500),
        ] {
            let mut counts = counts(&records, name);
            // The unknown address, that of the service, and bounces.
            for other in ["", "255.255.255.255", "<>"] {
                counts.remove(other);
            }
            assert!(counts.len() >= at_least, "{name}: {}", counts.len());
            let most = counts.values().max().copied().unwrap();
            assert!(busiest.contains(&most), "{name}: {most}");
        }
    }

    #[test]
    fn one_subject_in_twenty_is_not_plain_and_half_are_short() {
        let records = records(RecordForm::Graph);
        let subjects: Vec<&str> = records.iter().filter_map(|record| record["subject"].as_str()).collect();
        let odd = subjects.iter().filter(|text| !text.is_ascii() || text.contains(['"', '\\', '\t'])).count();
        assert!((200..1_400).contains(&odd), "{odd}");
        let mut lengths: Vec<usize> = subjects.iter().map(|text| text.chars().count()).collect();
        lengths.sort_unstable();
        let median = lengths[lengths.len() / 2];
        assert!((30..60).contains(&median), "{median}");
        assert!(lengths[lengths.len() * 99 / 100] >= 100, "{}", lengths[lengths.len() * 99 / 100]);
    }
}
