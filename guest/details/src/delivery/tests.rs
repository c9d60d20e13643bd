use super::*;

/// Events as `at name: description` with an action after `|`.
fn events(lines: &[&str]) -> Vec<Event> {
    let event = |line: &&str| {
        let (head, rest) = line.split_once(": ").unwrap_or((line, ""));
        let (at, name) = head.split_once(' ').unwrap();
        let (description, action) = rest.split_once('|').unwrap_or((rest, ""));
        Event {
            at: at.parse().ok(),
            name: name.to_owned(),
            action: action.to_owned(),
            description: description.to_owned(),
            data: String::new(),
        }
    };
    lines.iter().map(event).collect()
}

#[track_caller]
fn check(status: &str, lines: &[&str], cause: Option<&str>, route: &str) {
    let details = DeliveryDetails::new(status, events(lines));
    assert_eq!((details.cause.map(|cause| cause.id), details.route().as_str()), (cause, route), "{lines:?}");
}

#[test]
fn steps_of_one_second_stand_in_the_order_of_mail() {
    let failed = "5500 Fail: Reason: [{LED=550 5.1.10 RecipientNotFound};{MSG=};{FQDN=};{IP=};{LRT=}]";
    let lines = [failed, "5900 Receive", "5000 Odd", "x Late", "5100 Submit"];
    check("failed", &lines, Some("not-found"), "Receive > Submit > Odd > Fail (550 5.1.10) > Late");
}

#[test]
fn what_arrived_has_no_cause_of_failure() {
    check("delivered", &["1 Receive", "2 Defer: 450 4.4.0 busy", "3 Deliver"], None, "Receive > Defer > Deliver");
    check("delivered", &["3 Deliver: delivered to the folder: DefaultFolderType:JunkEmail"], Some("junk"), "Deliver");
    check("delivered", &["1 Spam: |x", "3 Send external"], None, "Spam > Send external");
    check(
        "expanded",
        &["1 Expand DL", "2 Drop: 250 2.1.5 RESOLVER.GRP.Expanded"],
        None,
        "Expand DL > Drop (250 2.1.5)",
    );
    check("failed", &[], None, "");
}

#[test]
fn the_deciding_step_is_the_gravest() {
    check("failed", &["1 Fail: 550 5.2.2 full", "2 Deliver"], Some("mailbox-full"), "Fail (550 5.2.2) > Deliver");
    check("pending", &["1 Defer: 450 4.2.2 full", "2 Drop"], Some("mailbox-full"), "Defer (450 4.2.2) > Drop");
    check("pending", &["1 Defer"], Some("deferred"), "Defer");
    check("failed", &["2 Drop"], Some("dropped"), "Drop");
    check("failed", &["2 Odd"], Some("other"), "Odd");
    check("somethingNew", &["2 Odd"], None, "Odd");
}

#[test]
fn a_sentence_names_the_rule_and_the_answer() {
    let details = DeliveryDetails::new(
        "failed",
        events(&[
            "1 Transport rule: Transport rule: 'No zip', ID: (aaaaaaaa-1111-2222-3333-444444444444)",
            "2 Fail: Reason: [{LED=550 5.7.1 TRANSPORT.RULES.RejectMessage};{MSG=};{FQDN=};{IP=};{LRT=}]",
        ]),
    );
    let expected = "a mail flow rule has rejected it: rule `No zip` (550 5.7.1 TRANSPORT.RULES.RejectMessage)";
    assert_eq!(details.sentence(), expected);
    assert_eq!(details.times(), Some((1, 2)));
    assert_eq!(DeliveryDetails::new("failed", Vec::new()).sentence(), "nothing is known of its steps");
    assert_eq!(DeliveryDetails::new("delivered", events(&["1 Deliver"])).sentence(), "nothing went wrong");
}

#[test]
fn a_long_answer_is_shortened() {
    let long = format!("1 Fail: 550 5.6.0 {}", "é".repeat(5000));
    let reason = DeliveryDetails::new("failed", events(&[&long])).reason().unwrap();
    assert_eq!(reason.chars().count(), LONGEST_REASON + 1);
}

#[test]
fn the_last_server_outside_is_found() {
    let details = DeliveryDetails::new(
        "failed",
        events(&[
            "1 Receive: Message received by: a.prod.outlook.com",
            "2 Defer: [Message=450 4.4.316 x] [LastAttemptedServerName=mx1.fabrikam.com] [LastAttemptedIP=192.0.2.1:25]",
            "3 Fail: Reason: [{LED=550 5.4.300 expired};{MSG=};{FQDN=};{IP=};{LRT=}]",
        ]),
    );
    let server = details.last_server().unwrap();
    assert_eq!((server.host.as_deref(), server.ip), (Some("mx1.fabrikam.com"), "192.0.2.1".parse().ok()));
    assert_eq!(details.hosts(), ["a.prod.outlook.com", "mx1.fabrikam.com"]);
    assert_eq!(details.cause.unwrap().id, "expired");
}
