//! Every way to sign in, with the real program against the simulated tenant.

use exotrace_simulator::{Faults, TenantConfig};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

use crate::harness::{SimulatedTenant, fixture, text, wait_for};

fn certificate_line(certificate: &str) -> String {
    let client_id = TenantConfig::default().client_id;
    let file = fixture("certificates").join(certificate);
    format!("client_id = \"{client_id}\"\ncertificate_file = \"{}\"\n", file.display())
}

fn key_line(key: &str) -> String {
    format!("private_key_file = \"{}\"\n", fixture("certificates").join(key).display())
}

/// A tenant that knows the certificate of the fixtures.
fn with_certificate() -> SimulatedTenant {
    let der = CertificateDer::from_pem_file(fixture("certificates/certificate.pem")).unwrap();
    SimulatedTenant::new(TenantConfig { rows: 20, certificate: Some(der.to_vec()), ..TenantConfig::default() })
}

fn with_federated_token() -> SimulatedTenant {
    let federated_token = Some("simulated-federated".to_owned());
    SimulatedTenant::new(TenantConfig { rows: 20, federated_token, ..TenantConfig::default() })
}

#[test]
fn a_secret_may_stand_in_a_file() {
    let tenant = SimulatedTenant::misbehaving(&[]);
    tenant.write("secret", "simulated-secret\n");
    let client_id = &tenant.config.client_id;
    tenant.collect(&format!("client_id = \"{client_id}\"\nclient_secret_file = \"secret\"\n"), &[]);
}

#[test]
fn a_secret_in_a_file_is_taken_as_soon_as_it_changes() {
    let tenant = SimulatedTenant::misbehaving(&[]);
    tenant.write("secret", "a-guess\n");
    let client_id = &tenant.config.client_id;
    tenant.settings(&format!("client_id = \"{client_id}\"\nclient_secret_file = \"secret\"\ninterval = \"1s\"\n"));
    let daemon = tenant.exotrace(&["run"]).start();
    daemon.wait_for_log("AADSTS7000215");
    // The next attempt would come after minutes; the first of these changes does not help either.
    tenant.write("secret", "another-guess\n");
    wait_for("another attempt", || daemon.log().matches("AADSTS7000215").count() >= 2);
    tenant.write("secret", "simulated-secret\n");
    wait_for("documents", || daemon.output().matches('\n').count() == 20);
    // With a good token nothing is read; the next sign-in says what is wrong.
    std::fs::remove_file(tenant.path("secret")).unwrap();
    let mut faults = Faults::default();
    faults.add("revoked-token=1").unwrap();
    tenant.simulator.set_faults(faults);
    daemon.wait_for_log("could not read the client secret in `");
    tenant.simulator.set_faults(Faults::default());
    let recoveries = || daemon.log().matches("collecting again").count();
    let before = recoveries();
    tenant.write("secret", "simulated-secret\n");
    wait_for("collecting again", || recoveries() > before);
    assert!(!daemon.log().contains("a-guess") && !daemon.log().contains("another-guess"), "{}", daemon.log());
}

#[test]
fn a_certificate_signs_in_from_pem_in_two_files() {
    with_certificate().collect(&(certificate_line("certificate.pem") + &key_line("key.pem")), &[]);
}

#[test]
fn a_certificate_signs_in_from_pem_in_one_file() {
    with_certificate().collect(&certificate_line("both.pem"), &[]);
}

#[test]
fn a_certificate_signs_in_from_an_encrypted_pfx() {
    for file in ["certificate.pfx", "legacy.pfx"] {
        let password = "certificate_password = \"${PFX_PASSWORD}\"\n";
        with_certificate().collect(&(certificate_line(file) + password), &[("PFX_PASSWORD", "simulated-password")]);
    }
}

#[test]
fn a_certificate_that_the_app_registration_does_not_have_is_explained() {
    let said = SimulatedTenant::misbehaving(&[]).fail(&["run", "--once"], &certificate_line("both.pem"), 1, &[]);
    assert!(said.contains("AADSTS700027"), "{said}");
    assert!(said.contains("hint: upload the certificate of `source.certificate_file`"), "{said}");
}

#[test]
fn check_says_what_is_wrong_with_a_certificate() {
    let tenant = SimulatedTenant::misbehaving(&[]);
    let check = |source: String, expected: &str| {
        let checked = tenant.fail(&["check"], &source, 78, &[]);
        assert!(checked.contains(expected) && checked.contains(": could not get an access token"), "{checked}");
        let ran = tenant.fail(&["run", "--once"], &source, 78, &[]);
        assert!(ran.contains(expected) && ran.contains("error: settings cannot be used: "), "{ran}");
    };
    check(certificate_line("ec.pem"), "ec.pem` is not for RSA\nhint: ");
    check(certificate_line("certificate.pem"), "certificate.pem` has no private key\nhint: ");
    check(certificate_line("certificate.pfx"), "certificate.pfx` is wrong or missing\nhint: ");
    check(certificate_line("certificate.pem") + &key_line("other-key.pem"), "does not belong to the certificate in `");
    let federated = "client_id = \"x\"\nfederated_token_file = \"no-such-file\"\n";
    check(federated.to_owned(), "could not read the federated token in `");
}

#[test]
fn a_federated_token_is_read_at_every_sign_in() {
    let tenant = with_federated_token();
    let file = tenant.write("token", "simulated-federated\n");
    let source = "client_id = \"${AZURE_CLIENT_ID}\"\nfederated_token_file = \"${AZURE_FEDERATED_TOKEN_FILE}\"\n";
    let client_id = tenant.config.client_id.clone();
    let environment = [("AZURE_CLIENT_ID", client_id.as_str()), ("AZURE_FEDERATED_TOKEN_FILE", text(&file))];
    tenant.collect(source, &environment);

    tenant.write("token", "another");
    let said = tenant.fail(&["run", "--once"], source, 1, &environment);
    assert!(said.contains("AADSTS700213"), "{said}");
    assert!(said.contains("hint: the app registration needs a federated credential"), "{said}");
    assert!(!said.contains("another\""), "{said}");

    tenant.write("token", "\n");
    let said = tenant.fail(&["run", "--once"], source, 78, &environment);
    assert!(said.contains("the file is empty"), "{said}");
}

#[test]
fn a_machine_signs_in_as_itself_and_past_every_proxy() {
    let tenant = SimulatedTenant::misbehaving(&["imds-warming"]);
    let client_id = tenant.config.client_id.clone();
    let proxy = "http://127.0.0.1:9";
    let environment = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", tenant.url.as_str()), ("ALL_PROXY", proxy)];
    // The first answer is that it is not ready.
    let said = tenant.collect("managed_identity = \"system\"\n", &environment).stderr;
    assert!(said.contains("404 Not Found"), "{said}");
    tenant.settings(&format!("managed_identity = \"{client_id}\"\n"));
    tenant.exotrace(&["run", "--once"]).envs(&environment).ends(0);
}

#[test]
fn an_identity_that_the_machine_does_not_have_is_explained() {
    let tenant = SimulatedTenant::misbehaving(&[]);
    let environment = [("AZURE_POD_IDENTITY_AUTHORITY_HOST", tenant.url.as_str())];
    let said = tenant.fail(&["run", "--once"], "managed_identity = \"another\"\n", 1, &environment);
    assert!(said.contains("metadata service of this machine in Azure answered 400 Bad Request"), "{said}");
    assert!(said.contains("hint: the machine needs the identity that `source.managed_identity` names"), "{said}");
}

#[test]
fn app_service_gives_a_token_for_its_header() {
    let tenant = SimulatedTenant::misbehaving(&[]);
    let (endpoint, header) = (format!("{}/msi/token", tenant.url), tenant.config.identity_header.clone());
    let source = "managed_identity = \"system\"\n";
    tenant.collect(source, &[("IDENTITY_ENDPOINT", &endpoint), ("IDENTITY_HEADER", &header)]);
    let environment = [("IDENTITY_ENDPOINT", endpoint.as_str()), ("IDENTITY_HEADER", "hunter2")];
    let said = tenant.fail(&["run", "--once"], source, 1, &environment);
    assert!(said.contains("identity endpoint of App Service answered 401"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_missing_service_principal_is_told_from_wrong_credentials() {
    let tenant = SimulatedTenant::misbehaving(&["service-principal-missing"]);
    let said = tenant.fail(&["run", "--once"], &tenant.by_secret(), 1, &[]);
    assert!(said.contains("the credentials are right"), "{said}");
}

#[test]
fn a_token_that_ends_in_the_middle_is_replaced() {
    let token_lifetime = std::time::Duration::from_secs(1);
    let tenant = SimulatedTenant::new(TenantConfig { rows: 60, token_lifetime, ..TenantConfig::default() });
    tenant.collect(&(tenant.by_secret() + "batch_size = 2\n"), &[]);
    let revoked = SimulatedTenant::misbehaving(&["revoked-token=0.3"]);
    revoked.collect(&(revoked.by_secret() + "batch_size = 2\n"), &[]);
}
