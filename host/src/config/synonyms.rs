//! What other programs call our settings.

/// The key that was meant, or what to know, for a key of Elastic's, Vector's or Microsoft's.
pub(super) enum Meant {
    Key(&'static str),
    Note(&'static str),
}

use Meant::{Key, Note};

/// What was meant by an unknown key of a section (empty: the top), of an output or source of this kind.
pub(super) fn meant(section: &str, kind: Option<&str>, unknown: &str) -> Option<Meant> {
    let name = snake(unknown);
    Some(match (section, kind, name.as_str()) {
        ("", _, "sources" | "input" | "inputs") => Key("source"),
        ("", _, "outputs" | "sink" | "sinks") => Key("output"),
        ("", _, "data_dir" | "state" | "state_directory" | "path_data" | "ledger") => Key("state_dir"),
        ("", _, "geo" | "geoip2" | "maxmind" | "geo_ip") => Key("geoip"),
        ("", _, "metrics" | "prometheus" | "http_listen" | "api") => Key("listen"),
        ("", _, "transform" | "transforms" | "processors" | "pipeline") => Key("mapping"),
        ("", _, "dead_letters" | "dlq" | "dead_letter_queue") => Key("dead_letter"),
        ("", _, "log_level" | "logging" | "log") => {
            Note("the environment variable `EXOTRACE_LOG` sets the level of logs")
        }
        ("output", Some("file"), "filename" | "file" | "file_path" | "folder") => Key("path"),
        ("output", Some("file"), "rotate_every_kb" | "max_size" | "max_file_size") => Key("rotate_bytes"),
        ("output", Some("file"), "number_of_files" | "max_backups" | "keep_files") => Key("keep"),
        ("output", Some("elasticsearch"), "hosts" | "nodes" | "endpoints") => Key("urls"),
        ("output", Some("elasticsearch"), "index" | "data_stream" | "bulk" | "indices") => Note(
            "documents go to the data stream `logs-microsoft_exchange_online_message_trace.log-NAMESPACE`; `namespace` sets its end",
        ),
        ("output", Some("elasticsearch"), "cloud_id") => {
            Note("`url`: Elastic Cloud shows it as the endpoint of Elasticsearch, beside the cloud id")
        }
        ("output", Some("elasticsearch"), "cloud_auth") => Note("`username` and `password`, or better `api_key_file`"),
        ("output", Some("elasticsearch"), "apikey" | "key") => Key("api_key"),
        ("output", Some("elasticsearch"), "template" | "setup") => {
            Note("`exotrace elasticsearch template --apply` puts the index template")
        }
        ("output", Some("http"), "token" | "bearer" | "access_token") => Key("bearer_token"),
        ("output", Some("http"), "header") => Key("headers"),
        ("output", Some("http"), "encoding" | "codec") => Key("format"),
        ("output", _, "host" | "endpoint" | "uri" | "address" | "server" | "host_url" | "endpoint_url" | "hosts") => {
            Key("url")
        }
        ("output", _, "auth" | "authentication") => {
            Note("`api_key` (Elasticsearch), `bearer_token` (http), or `username` and `password`")
        }
        ("output", _, "user" | "user_name") => Key("username"),
        ("output", _, "pass" | "passwd") => Key("password"),
        ("output", _, "bulk_max_size" | "batch_size" | "batch" | "flush_bytes" | "max_events") => Key("max_documents"),
        ("output", _, "compression_level" | "gzip") => Key("compression"),
        ("output" | "source", _, "timeout" | "request_timeout_secs") => Key("request_timeout"),
        ("output" | "source", _, "proxy" | "http_proxy" | "https_proxy") => Key("proxy_url"),
        ("output", _, "tls" | "ssl") => {
            Note("`ca_file`, `certificate_file` and `private_key_file`; TLS is on with `https`")
        }
        (
            "output" | "source",
            _,
            "ssl_certificate_authorities" | "certificate_authorities" | "ca_cert" | "cacert" | "ca",
        ) => Key("ca_file"),
        ("output", _, "certificate" | "cert" | "crt_file" | "cert_file" | "client_cert") => Key("certificate_file"),
        ("output" | "source", _, "key_file" | "private_key") => Key("private_key_file"),
        ("output" | "source", _, "kind") => Key("type"),
        ("output" | "source", _, "id") => Key("name"),
        ("source", Some("file"), "path" | "file" | "files" | "include" | "filename") => Key("paths"),
        ("source", _, "tenant" | "directory_id" | "tenantid") => Key("tenant_id"),
        ("source", _, "client" | "app_id" | "application_id" | "clientid") => Key("client_id"),
        ("source", _, "secret" | "secret_value" | "clientsecret" | "oauth2_client_secret") => Key("client_secret"),
        ("source", _, "secret_file" | "client_secret_path") => Key("client_secret_file"),
        ("source", _, "certificate" | "cert" | "cert_file" | "pfx" | "pfx_file") => Key("certificate_file"),
        ("source", _, "domain" | "domains" | "local_domain" | "internal_domains") => Key("local_domains"),
        ("source", _, "period" | "poll_interval" | "polling_interval" | "schedule") => Key("interval"),
        ("source", _, "look_back" | "lookback" | "initial_look_back" | "start") => Key("initial_interval"),
        ("source", _, "page_size" | "limit" | "top") => Key("batch_size"),
        ("source", _, "graph_url" | "endpoint" | "base_url") => Key("url"),
        ("source", _, "authority" | "token_url" | "login") => Key("login_url"),
        ("source" | "output", _, "tags") => Note("`mapping.tags`: tags are of all documents"),
        ("geoip", _, "city_database" | "city_path" | "database" | "path") => Key("city"),
        ("geoip", _, "asn_database" | "asn_path") => Key("asn"),
        ("dead_letter", _, "file" | "filename") => Key("path"),
        ("mapping", _, "file" | "component" | "wasm") => Key("path"),
        _ => return None,
    })
}

/// `tenantId`, `tenant-id` and `tenant.id` as `tenant_id`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut before = ' ';
    for character in name.chars() {
        if character.is_ascii_uppercase() && before.is_ascii_lowercase() {
            snake.push('_');
        }
        before = character;
        snake.push(if matches!(character, '-' | '.') { '_' } else { character.to_ascii_lowercase() });
    }
    snake
}

/// Whether a key is another spelling of a known one.
pub(super) fn is_spelling_of(unknown: &str, known: &str) -> bool {
    snake(unknown) == known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_one() {
        for name in ["tenantId", "tenant-id", "tenant.id", "TENANT_ID", "tenant_id"] {
            assert!(is_spelling_of(name, "tenant_id"), "{name}");
        }
    }
}
