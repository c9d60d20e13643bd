//! Proxies, private certificates and request traces, with the real program.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

use crate::harness::{SimulatedTenant, fixture};

/// Starts a proxy that keeps what it is told first on every connection. Returns its address.
fn proxy(tenant: &SimulatedTenant, heard: &Arc<Mutex<String>>) -> String {
    let listener = tenant.runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (heard, service) = (Arc::clone(heard), tenant.url.replace("http://", ""));
    tenant.runtime.spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut head = vec![0; 64 * 1024];
            let length = client.read(&mut head).await.unwrap();
            heard.lock().unwrap().push_str(&String::from_utf8_lossy(&head[..length]));
            let mut server = TcpStream::connect(&service).await.unwrap();
            server.write_all(&head[..length]).await.unwrap();
            tokio::spawn(async move { drop(copy_bidirectional(&mut client, &mut server).await) });
        }
    });
    address
}

#[test]
fn a_proxy_with_a_password_is_used_and_not_told() {
    let tenant = SimulatedTenant::misbehaving(&[]);
    let heard = Arc::default();
    let proxy = proxy(&tenant, &heard);
    let source = tenant.by_secret() + &format!("proxy_url = \"http://user:hunter2@{proxy}\"\n");
    let said = tenant.collect(&source, &[("EXOTRACE_LOG", "debug")]).stderr;
    let heard = heard.lock().unwrap().to_lowercase();
    // `user:hunter2` in base64.
    assert!(heard.contains("proxy-authorization: basic dxnlcjpodw50zxiy"), "{heard}");
    assert!(heard.contains("post http://127.0.0.1:") && heard.contains("/oauth2/v2.0/token"), "{heard}");
    assert!(!said.contains("hunter2") && !said.to_lowercase().contains("dxnlcjpodw50zxiy"), "{said}");
}

#[test]
fn a_proxy_that_is_not_there_is_named_without_its_password() {
    let tenant = SimulatedTenant::misbehaving(&[]);
    let source = tenant.by_secret() + "proxy_url = \"http://user:hunter2@127.0.0.1:9\"\n";
    tenant.settings(&source);
    let said = tenant.exotrace(&["doctor"]).ends(1).stdout;
    assert!(said.contains("hint: is the proxy right?"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn the_proxy_of_the_environment_is_not_for_this_machine() {
    let tenant = SimulatedTenant::misbehaving(&[]);
    let nobody = "http://127.0.0.1:9";
    tenant.collect(&tenant.by_secret(), &[("HTTP_PROXY", nobody), ("http_proxy", nobody), ("ALL_PROXY", nobody)]);
}

/// Serves the tenant over TLS as well. Returns its address.
fn with_tls(tenant: &SimulatedTenant) -> String {
    let certificate = CertificateDer::from_pem_file(fixture("certificates/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(fixture("certificates/server-key.pem")).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tenant.runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let service = tenant.url.replace("http://", "");
    tenant.runtime.spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            // A client that does not trust the certificate goes away.
            let Ok(mut client) = acceptor.accept(client).await else { continue };
            let mut server = TcpStream::connect(&service).await.unwrap();
            tokio::spawn(async move { drop(copy_bidirectional(&mut client, &mut server).await) });
        }
    });
    address
}

#[test]
fn certificates_to_trust_are_replaced_while_the_daemon_runs() {
    let tenant = SimulatedTenant::misbehaving(&[]);
    let address = with_tls(&tenant);
    let place = format!("login_url = \"{address}\"\nurl = \"{address}\"\nca_file = \"ca.pem\"\ninterval = \"1s\"\n");
    tenant.settings(&(tenant.by_secret() + &place));
    // Of somebody else.
    tenant.write("ca.pem", fs::read(fixture("certificates/both.pem")).unwrap());
    let daemon = tenant.exotrace(&["run"]).start();
    daemon.wait_for_log("could not collect; trying again");
    // What cannot be used is said, and changes nothing.
    tenant.write("ca.pem", "no certificate\n");
    daemon.wait_for_log("could not use the changed certificates and keys");
    tenant.write("ca.pem", fs::read(fixture("certificates/ca.pem")).unwrap());
    daemon.wait_for_log("collecting again");
}

#[test]
fn a_private_certificate_is_trusted_when_the_settings_say_so() {
    let tenant = SimulatedTenant::misbehaving(&[]);
    let address = with_tls(&tenant);
    let source = tenant.by_secret() + &format!("login_url = \"{address}\"\nurl = \"{address}\"\n");
    tenant.settings(&source);
    let said = tenant.exotrace(&["doctor"]).ends(1).stdout;
    assert!(said.contains("hint: `source.ca_file` names certificates to trust"), "{said}");

    let trusted = format!("ca_file = \"{}\"\n", fixture("certificates/ca.pem").display());
    tenant.collect(&(source.clone() + &trusted), &[]);

    let said = tenant.fail(&["check"], &(source + "ca_file = \"exotrace.toml\"\n"), 78, &[]);
    assert!(said.contains("exotrace.toml` has no certificates in PEM"), "{said}");
}

#[test]
fn a_machine_without_authorities_needs_them_for_https_alone() {
    let tenant = SimulatedTenant::misbehaving(&[]);
    tenant.write("none.pem", "");
    let none = tenant.path("none.pem");
    let check = |source: &str, code: i32| {
        tenant.settings(source);
        tenant.exotrace(&["doctor"]).env("SSL_CERT_FILE", &none).ends(code).stdout
    };
    check(&tenant.by_secret(), 0);
    let address = with_tls(&tenant);
    let source = tenant.by_secret() + &format!("login_url = \"{address}\"\nurl = \"{address}\"\n");
    let said = check(&source, 1);
    assert!(said.contains("hint: `source.ca_file` names certificates to trust"), "{said}");
    check(&(source + &format!("ca_file = \"{}\"\n", fixture("certificates/ca.pem").display())), 0);
}

#[test]
fn a_request_trace_has_everything_but_secrets() {
    let tenant = SimulatedTenant::misbehaving(&["server-error=0.2"]);
    let source = tenant.by_secret() + "request_trace_dir = \"trace\"\nbatch_size = 10\n";
    tenant.collect(&source, &[]);
    let mut all = String::new();
    for file in fs::read_dir(tenant.path("trace")).unwrap() {
        all += &fs::read_to_string(file.unwrap().path()).unwrap();
    }
    for expected in ["POST http://", "client_secret=****", "authorization: ****", "200 OK", "$skiptoken", "\"value\":"]
    {
        assert!(all.replace("%24", "$").contains(expected), "{expected} is not in:\n{all}");
    }
    let secrets = [tenant.config.client_secret.clone(), "Bearer ".to_owned()];
    for secret in secrets {
        assert!(!all.contains(&secret), "{secret} is in:\n{all}");
    }
    let tokens = all.matches("\"access_token\":").count();
    assert_eq!(tokens, all.matches("\"access_token\":\"****\"").count());
    assert!(tokens > 0);
}
