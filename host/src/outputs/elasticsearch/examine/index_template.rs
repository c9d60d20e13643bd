//! Which index template a new data stream would be made with, and whether it is ours.

use http::StatusCode;
use semver::Version;
use serde::Deserialize;
use serde_json::Value;

use super::{
    question::{get, unexpected},
    target::ExamineTarget,
};
use crate::{
    outputs::{
        elasticsearch::{flavor::Flavor, resources::NAME},
        requests::HostClient,
    },
    support::{finding::Finding, scrub::shown},
};

const STEP: &str = "index template";

/// All templates, without the field types in them.
const TEMPLATES: &str = "_index_template?filter_path=index_templates.name,index_templates.index_template.index_patterns,\
                         index_templates.index_template.priority,index_templates.index_template.data_stream,\
                         index_templates.index_template._meta,index_templates.index_template.composed_of,\
                         index_templates.index_template.template.settings";

#[derive(Deserialize)]
struct TemplatesAnswer {
    #[serde(default)]
    index_templates: Vec<IndexTemplate>,
}

/// A template of the cluster.
#[derive(Deserialize)]
pub(super) struct IndexTemplate {
    pub(super) name: String,
    index_template: TemplateBody,
}

#[derive(Deserialize)]
struct TemplateBody {
    #[serde(default)]
    index_patterns: IndexPatterns,
    #[serde(default)]
    priority: Value,
    data_stream: Option<Value>,
    #[serde(default)]
    _meta: Value,
    #[serde(default)]
    composed_of: Vec<String>,
    #[serde(default)]
    template: Value,
}

/// One pattern, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum IndexPatterns {
    One(String),
    Several(Vec<String>),
}

impl Default for IndexPatterns {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl IndexTemplate {
    fn matches(&self, name: &str) -> bool {
        match &self.index_template.index_patterns {
            IndexPatterns::One(pattern) => matches(pattern, name),
            IndexPatterns::Several(patterns) => patterns.iter().any(|pattern| matches(pattern, name)),
        }
    }

    fn priority(&self) -> u64 {
        let priority = &self.index_template.priority;
        priority.as_u64().or_else(|| priority.as_str()?.parse().ok()).unwrap_or_default()
    }

    /// Whether it makes a data stream, not an index.
    pub(super) fn makes_data_stream(&self) -> bool {
        self.index_template.data_stream.is_some()
    }

    /// The component templates of which it is composed; what a later one says counts.
    pub(super) fn components(&self) -> &[String] {
        &self.index_template.composed_of
    }

    /// Its own settings of indices, which go before those of its components.
    pub(super) fn settings(&self) -> &Value {
        &self.index_template.template["settings"]
    }

    pub(super) fn is_ours(&self) -> bool {
        self.name.starts_with(NAME) && self.index_template._meta["managed_by"] == "exotrace"
    }
}

/// Asks for it; gives the template as well, for what else depends on it.
pub(super) async fn examine(client: &mut HostClient, target: &ExamineTarget<'_>) -> (Finding, Option<IndexTemplate>) {
    let reply = match get(client, TEMPLATES).await {
        Ok(reply) => reply,
        Err(error) => return (Finding::error(STEP, &error), None),
    };
    let templates = match reply.status {
        StatusCode::OK => match serde_json::from_slice::<TemplatesAnswer>(&reply.body) {
            Ok(answer) => answer.index_templates,
            Err(_) => return (unexpected(STEP, &reply, "_index_template"), None),
        },
        StatusCode::NOT_FOUND => Vec::new(),
        StatusCode::FORBIDDEN => {
            let text = "who asks may not see index templates\nhint: the cluster privilege `monitor` allows it \
                        (OpenSearch: `indices:admin/index_template/get`); delivering does not need it";
            return (Finding::not_asked(STEP, text), None);
        }
        _ => return (unexpected(STEP, &reply, "_index_template"), None),
    };
    let has_ours = templates.iter().any(|template| template.is_ours() && template.matches(target.data_stream));
    let matching = templates.into_iter().filter(|template| template.matches(target.data_stream));
    let in_use = matching.max_by_key(IndexTemplate::priority);
    (judge(in_use.as_ref(), has_ours, target), in_use)
}

fn judge(in_use: Option<&IndexTemplate>, has_ours: bool, target: &ExamineTarget<'_>) -> Finding {
    let stream = target.data_stream;
    let apply = apply(target);
    let Some(template) = in_use else {
        let text = format!("no index template is for `{stream}`, which would become an ordinary index");
        return Finding::failed(STEP, &format!("{text}\nhint: {apply}"));
    };
    let name = shown(&template.name);
    let priority = template.priority();
    if !template.makes_data_stream() {
        let text = format!("`{name}` (priority {priority}) makes an ordinary index of `{stream}`, not a data stream");
        return Finding::failed(STEP, &format!("{text}\nhint: {apply}"));
    }
    if !template.is_ours() && has_ours {
        let text = format!("`{name}` goes before the one of exotrace, since its priority is {priority}");
        return Finding::warning(STEP, &format!("{text}\nhint: lower its priority, or narrow its `index_patterns`"));
    }
    if !template.is_ours() {
        let text = format!("`{name}` is used, since the one of exotrace is not there: field types may be guessed");
        return Finding::warning(STEP, &format!("{text}\nhint: {apply}"));
    }
    let own = Version::parse(env!("CARGO_PKG_VERSION")).ok();
    let version = template.index_template._meta["version"].as_str().unwrap_or("unknown");
    let theirs = Version::parse(version).ok();
    if theirs == own && own.is_some() {
        return Finding::ok(STEP, &format!("`{name}` of exotrace {version}"));
    }
    let text = format!("`{name}` is of exotrace {}, and this is {}", shown(version), env!("CARGO_PKG_VERSION"));
    if theirs > own {
        return Finding::warning(STEP, &format!("{text}\nhint: upgrade this exotrace, or leave the template alone"));
    }
    Finding::warning(
        STEP,
        &format!("{text}\nhint: {apply}; it counts from the next index on: `POST /{stream}/_rollover`"),
    )
}

/// The command that puts the template.
pub(super) fn apply(target: &ExamineTarget<'_>) -> String {
    let opensearch = if target.flavor == Flavor::OpenSearch { " --opensearch" } else { "" };
    format!("`exotrace elasticsearch template{opensearch} --apply --config {}`", target.settings)
}

/// Whether a pattern with `*` matches a name.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(start) else { return false };
    let mut parts: Vec<_> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        match name.find(part) {
            Some(at) => name = name.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    name.ends_with(end)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::support::finding::Verdict;

    const STREAM: &str = "logs-microsoft_exchange_online_message_trace.log-default";

    fn template(name: &str, patterns: &[&str], priority: u64, meta: &Value) -> Value {
        let body = json!({ "index_patterns": patterns, "priority": priority, "data_stream": {}, "_meta": meta });
        json!({ "name": name, "index_template": body })
    }

    #[track_caller]
    fn check(templates: Vec<Value>, verdict: Verdict, detail: &str) {
        let templates: Vec<IndexTemplate> = serde_json::from_value(Value::Array(templates)).unwrap();
        let target = ExamineTarget { flavor: Flavor::Elasticsearch, data_stream: STREAM, settings: "x.toml" };
        let has_ours = templates.iter().any(IndexTemplate::is_ours);
        let in_use = templates.into_iter().filter(|it| it.matches(STREAM)).max_by_key(IndexTemplate::priority);
        let finding = judge(in_use.as_ref(), has_ours, &target);
        assert_eq!(finding.verdict, verdict, "{finding:?}");
        assert!(finding.detail.contains(detail), "{finding:?}");
    }

    #[test]
    fn the_template_in_use_is_judged() {
        let meta = |version: &str| json!({ "managed_by": "exotrace", "version": version });
        let own = |version: &str| {
            template(NAME, &["logs-microsoft_exchange_online_message_trace.log-*"], 250, &meta(version))
        };
        let now = env!("CARGO_PKG_VERSION");
        let logs = template("logs", &["logs-*-*"], 100, &json!({ "managed": true }));
        let other = template("ours-alone", &["logs-*"], 500, &Value::Null);
        check(vec![logs.clone(), own(now)], Verdict::Ok, "of exotrace");
        check(vec![logs.clone(), own("0.0.1")], Verdict::Warning, "is of exotrace 0.0.1, and this is");
        check(vec![own("99.0.0")], Verdict::Warning, "is of exotrace 99.0.0");
        check(vec![logs.clone()], Verdict::Warning, "the one of exotrace is not there");
        check(vec![logs, own(now), other], Verdict::Warning, "`ours-alone` goes before");
        check(vec![], Verdict::Failed, "no index template is for");
        check(vec![template("else", &["metrics-*"], 1, &Value::Null)], Verdict::Failed, "no index template is for");
        let index = json!({ "name": "plain", "index_template": { "index_patterns": "logs-*" } });
        check(vec![index], Verdict::Failed, "makes an ordinary index");
    }

    #[test]
    fn patterns_match_as_elasticsearch_has_them() {
        for (pattern, expected) in [
            ("a-b-c", true),
            ("a*", true),
            ("*", true),
            ("*c", true),
            ("a*b*c", true),
            ("a-*-c", true),
            ("*x*", false),
            ("b*", false),
            ("a*d", false),
            ("a-b", false),
        ] {
            assert_eq!(matches(pattern, "a-b-c"), expected, "{pattern}");
        }
    }
}
