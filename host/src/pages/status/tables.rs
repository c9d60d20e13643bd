//! The report as tables, for who has no JavaScript.

use chrono::{DateTime, Utc};
use indicatif::HumanCount;
use serde_json::Value;

use super::{
    html::{Table, escape, list, table},
    report::{MappingReport, OutputSection, PageReport, SourceSection},
};
use crate::{
    observe::health::State,
    support::time_text::{span, time},
};

/// The most steps of the history that are listed, the latest first.
const MAX_STEPS: usize = 300;

/// The most fields of a trial that are listed.
const MAX_FIELDS: usize = 300;

/// Writes all of it.
pub(super) fn all(report: &PageReport, output: &mut String) {
    *output +=
        "<section id=\"trouble\" aria-labelledby=\"trouble-title\">\n<h2 id=\"trouble-title\">Needs a person</h2>\n";
    if report.trouble.is_empty() {
        *output += "<p class=\"empty\">Nothing.</p>\n";
    } else {
        list(&report.trouble, output);
    }
    *output += "</section>\n";
    if let Some(cluster) = &report.cluster {
        *output += &format!("<p class=\"about\">{}</p>\n", escape(&cluster.text(report.sources.len())));
    }
    for written in [coverage, gaps, rates, history, outputs, parts, dead_letters, files] {
        written(report, output);
    }
    mapping(&report.mapping, output);
}

fn coverage(report: &PageReport, output: &mut String) {
    let row = |source: &SourceSection| {
        let covered = match (source.covered_from, source.covered_until, source.has_coverage) {
            (Some(from), Some(until), _) => format!("{} to {}", time(from), time(until)),
            (_, _, true) => "nothing yet".to_owned(),
            _ => "files: what they cover is not known".to_owned(),
        };
        let reading = source.reading.as_ref().map_or_else(String::new, |reading| {
            let reached = reading.reached.map_or_else(String::new, |reached| format!(", down to {}", time(reached)));
            format!("{} to {}{reached}", time(reading.start), time(reading.end))
        });
        let lag = source.lag_seconds.map_or_else(String::new, |lag| span(chrono::Duration::seconds(lag)));
        let late = HumanCount(source.delivered.late).to_string();
        vec![source.name.clone(), state(source.state), covered, reading, source.gap_count.to_string(), late, lag]
    };
    let rows = report.sources.iter().map(row).collect();
    let columns = &["source", "state", "covered", "being read", "gaps", "late rows in this time", "lag"];
    table(&Table { id: "coverage", title: "Coverage", columns, rows, empty: "There are no sources." }, output);
}

fn gaps(report: &PageReport, output: &mut String) {
    let mut rows = Vec::new();
    for source in &report.sources {
        for gap in &source.gaps {
            rows.push(vec![source.name.clone(), time(gap.start), time(gap.end), gap.reason.clone()]);
        }
    }
    let columns = &["source", "from", "to", "reason"];
    table(&Table { id: "gaps", title: "Gaps", columns, rows, empty: "There are none." }, output);
}

fn rates(report: &PageReport, output: &mut String) {
    let row = |source: &SourceSection| {
        let budget = source
            .requests
            .as_ref()
            .map_or_else(String::new, |it| format!("{} of {} in {} s", it.sent, it.budget, it.window_seconds));
        let delivered = &source.delivered;
        let numbers = [delivered.rows, delivered.documents, delivered.failed, delivered.dropped, delivered.rejected];
        let mut row = vec![source.name.clone()];
        row.extend(numbers.map(|number| HumanCount(number).to_string()));
        row.extend([budget, moment(source.polled_at), moment(source.token_until), moment(source.failed_at)]);
        row
    };
    let rows = report.sources.iter().map(row).collect();
    let columns = &[
        "source",
        "rows",
        "documents",
        "mapped in part",
        "dropped",
        "dead letters",
        "requests",
        "last page",
        "token ends",
        "failed",
    ];
    table(&Table { id: "sources", title: "Sources", columns, rows, empty: "There are no sources." }, output);
}

fn history(report: &PageReport, output: &mut String) {
    let rows = report.history.iter().rev().take(MAX_STEPS).map(|step| {
        let counts = &step.counts;
        let numbers = [
            counts.rows,
            counts.documents,
            counts.failed,
            counts.dropped,
            counts.rejected,
            counts.changed,
            counts.late,
        ];
        let lag = counts.lag.map_or_else(String::new, span);
        let numbers = numbers.map(|number| HumanCount(number).to_string());
        [time(step.at)].into_iter().chain(numbers).chain([lag]).collect()
    });
    let columns =
        &["from", "rows", "documents", "mapped in part", "dropped", "dead letters", "changed", "late", "least lag"];
    let rows = rows.collect();
    table(
        &Table { id: "history", title: "Rows over time", columns, rows, empty: "Nothing was delivered in this time." },
        output,
    );
}

fn outputs(report: &PageReport, output: &mut String) {
    let row = |it: &OutputSection| {
        let numbers = [it.delivered, it.duplicates, it.rejected, it.retries].map(|it| HumanCount(it).to_string());
        let mut row = vec![it.name.clone(), it.r#type.to_owned(), state(it.state), moment(it.waits_since)];
        row.push(it.reason.clone().unwrap_or_default());
        row.extend(numbers);
        row
    };
    let rows = report.outputs.iter().map(row).collect();
    let columns =
        &["output", "type", "state", "waits since", "for", "delivered", "there already", "rejected", "retries"];
    table(&Table { id: "outputs", title: "Outputs", columns, rows, empty: "There are no outputs." }, output);
}

fn parts(report: &PageReport, output: &mut String) {
    let rows = report.parts.iter().map(|part| {
        let name = part.part.as_str().replace('_', " ");
        vec![name, state(Some(part.state)), time(part.since), part.reason.clone().unwrap_or_default()]
    });
    let (columns, rows) = (&["part", "state", "since", "reason"], rows.collect());
    table(&Table { id: "parts", title: "Other parts", columns, rows, empty: "No run has begun yet." }, output);
}

fn dead_letters(report: &PageReport, output: &mut String) {
    let rows = report.dead_letters.reasons.iter().map(|it| {
        let place = it.output.clone().unwrap_or_else(|| it.source.clone());
        let stage = serde_json::to_value(it.stage).unwrap_or_default();
        let stage = format!("{} {place}", stage.as_str().unwrap_or_default());
        let reason = it.reason.clone().unwrap_or_default();
        vec![stage, HumanCount(it.letters).to_string(), it.mapping.clone(), time(it.first), time(it.last), reason]
    });
    let (columns, rows) = (&["refused by", "dead letters", "mapping", "first", "last", "reason"], rows.collect());
    table(&Table { id: "dead-letters", title: "Dead letters", columns, rows, empty: "None wait." }, output);
}

fn files(report: &PageReport, output: &mut String) {
    let mut rows = Vec::new();
    for source in &report.sources {
        for file in &source.files_in_trouble {
            let path = file.path.clone().unwrap_or_else(|| "(not told without the token)".to_owned());
            let person = if file.needs_person { "yes" } else { "no" }.to_owned();
            let reason = file.reason.clone().unwrap_or_default();
            rows.push(vec![path, source.name.clone(), time(file.since), person, reason]);
        }
    }
    let columns = &["file", "source", "since", "needs a person", "reason"];
    table(&Table { id: "files", title: "Files in trouble", columns, rows, empty: "There are none." }, output);
}

fn mapping(report: &MappingReport, output: &mut String) {
    let in_use = report.in_use.iter().map(|it| {
        let memory = indicatif::HumanBytes(it.memory_bytes).to_string();
        vec![it.mapping.clone(), it.role.to_owned(), it.digest.clone(), it.instances.to_string(), memory]
    });
    let (columns, rows) = (&["mapping", "role", "digest", "instances", "memory"], in_use.collect());
    table(&Table { id: "mapping", title: "Mapping", columns, rows, empty: "There is none yet." }, output);
    trial(&report.status["trial"], output);
    let rows = report.history.iter().map(|it| {
        let event = it.event.as_str().unwrap_or_default().replace('_', " ");
        let (by, reason) = (it.by.clone().unwrap_or_default(), it.reason.clone().unwrap_or_default());
        vec![time(it.time), event, it.mapping.clone(), it.digest.chars().take(12).collect(), by, reason]
    });
    let (columns, rows) = (&["time", "event", "mapping", "digest", "by", "reason"], rows.collect());
    let title = "History of the mapping";
    table(&Table { id: "mapping-history", title, columns, rows, empty: "Nothing happened yet." }, output);
}

/// How the documents of a trial differ, field by field; the examples are shapes, and no values.
fn trial(trial: &Value, output: &mut String) {
    let fields = trial["differences"]["fields"].as_object();
    let rows = fields.into_iter().flatten().take(MAX_FIELDS).map(|(name, field)| {
        let number = |key: &str| HumanCount(field[key].as_u64().unwrap_or_default()).to_string();
        let examples = field["examples"].as_array().into_iter().flatten().map(|it| {
            let side = |key: &str| it[key].as_str().unwrap_or("nothing").to_owned();
            format!("{} to {}", side("before"), side("after"))
        });
        let examples = examples.collect::<Vec<_>>().join("; ");
        vec![name.clone(), number("added"), number("removed"), number("changed"), examples]
    });
    let (columns, rows) = (&["field", "added", "removed", "changed", "shapes"], rows.collect());
    let empty = if trial.is_null() { "No mapping is on trial." } else { "No field differs so far." };
    table(&Table { id: "trial", title: "Trial", columns, rows, empty }, output);
}

fn state(state: Option<State>) -> String {
    state.map_or_else(|| "not running".to_owned(), |state| state.as_str().replace('_', " "))
}

fn moment(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(String::new, time)
}
