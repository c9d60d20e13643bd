use crate::{
    Row, Status, TenantConfig,
    testing::{Answer, Simulation, config, config_with},
};

fn ask(simulation: &Simulation, token: &str, id: &str, recipient: &str) -> Answer {
    let literal = recipient.replace('\'', "''").replace('%', "%25").replace('\'', "%27").replace(' ', "%20");
    let path = format!(
        "/v1.0/admin/exchange/tracing/messageTraces/{id}/getDetailsByRecipient(recipientAddress=%27{literal}%27)"
    );
    simulation.get(&path, &[("Authorization", &format!("Bearer {token}"))])
}

fn row_of(simulation: &Simulation, status: Status) -> Row {
    let rows = simulation.tenant.rows();
    rows.into_iter().find(|row| row.status == status && row.recipient.is_ascii()).expect("there is one")
}

#[test]
fn every_status_has_steps_that_end_so() {
    let simulation = Simulation::start_with(TenantConfig { rows: 2000, ..config() });
    let token = simulation.sign_in();
    for (status, event) in [(Status::Failed, "Fail"), (Status::Delivered, "Receive"), (Status::Expanded, "Expand DL")] {
        let row = row_of(&simulation, status);
        let answer = ask(&simulation, &token, &row.id.to_uppercase(), &row.recipient.to_uppercase());
        assert_eq!(answer.status, 200, "{answer:?}");
        let body = answer.json();
        let steps = body["value"].as_array().unwrap();
        assert!(steps.iter().any(|step| step["event"] == event), "{body}");
        assert!(steps.iter().all(|step| step["id"] == row.id.as_str()));
    }
}

#[test]
fn some_data_is_cut() {
    let simulation = Simulation::start_with(TenantConfig { rows: 2000, ..config() });
    let rows = simulation.tenant.rows();
    let steps: Vec<_> = rows.iter().flat_map(|row| super::steps::steps_of(row, 1)).collect();
    let cut = steps.iter().filter(|step| !step["data"].as_str().unwrap().ends_with("</root>")).count();
    assert!(cut > 10 && cut < steps.len() / 4, "{cut} of {}", steps.len());
}

#[test]
fn what_is_not_there_is_said_as_the_service_says_it() {
    let simulation = Simulation::start();
    let token = simulation.sign_in();
    assert_eq!(ask(&simulation, &token, "6f1c1a1e-0b1e-4a53-9a4e-08dc00000001", "o'neill@contoso.com").status, 404);
    let row = row_of(&simulation, Status::Delivered);
    assert_eq!(ask(&simulation, "none", &row.id, &row.recipient).status, 401);
    simulation.tenant.advance(std::time::Duration::from_secs(100 * 86_400));
    let token = simulation.sign_in();
    let answer = ask(&simulation, &token, &row.id, &row.recipient);
    assert_eq!((answer.status, answer.body.contains("90 days")), (400, true));
    let simulation = Simulation::start_with(config_with(&["missing-details"]));
    let token = simulation.sign_in();
    assert_eq!(ask(&simulation, &token, &row.id, &row.recipient).status, 404);
}

#[test]
fn details_have_a_limit_of_their_own() {
    let simulation = Simulation::start_with(config_with(&["throttle=2"]));
    let token = simulation.sign_in();
    let row = row_of(&simulation, Status::Delivered);
    let statuses = [0; 3].map(|_| ask(&simulation, &token, &row.id, &row.recipient).status);
    assert_eq!(statuses, [200, 200, 429]);
    let authorization = format!("Bearer {token}");
    let page = simulation.get("/v1.0/admin/exchange/tracing/messageTraces", &[("Authorization", &authorization)]);
    assert_eq!(page.status, 200);
    let stats = simulation.get("/stats", &[]).json();
    assert_eq!((&stats["details_requests"], &stats["page_requests"]), (&3.into(), &1.into()));
}
