//! What people see who run the program in a terminal.

use std::net::TcpListener;

use crate::harness::{Exotrace, Folder, SimulatedTenant, Terminal, plain, project, wait_for};

const COLUMNS: u16 = 80;

/// What a bar has that is not full.
const BAR: char = '░';

/// The program in this folder with these settings, in a terminal.
fn start(tenant: &SimulatedTenant, arguments: &[&str], environment: &[(&str, &str)]) -> Terminal {
    Terminal::start(tenant.exotrace(arguments).envs(environment), COLUMNS)
}

/// Settings of a tenant whose documents go where nobody answers, so that its first page stays under way.
fn waiting(tenant: &SimulatedTenant, silent: &TcpListener) {
    let url = format!("http://{}", silent.local_addr().unwrap());
    tenant.deliver_to(&format!("[[output]]\ntype = \"http\"\nurl = \"{url}\"\nrequest_timeout = \"10m\"\n"));
    let name = "a-tenant-with-a-name-that-is-too-long";
    tenant.change_settings("[[source]]\n", &format!("[[source]]\nname = \"{name}\"\n"));
}

#[test]
fn a_bar_for_every_source_shows_and_fits() {
    let tenant = SimulatedTenant::with_rows(60);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    waiting(&tenant, &silent);
    let mut terminal = start(&tenant, &["run"], &[]);
    wait_for("a bar", || terminal.shown().contains(BAR));
    terminal.kill();
    let shown = plain(&terminal.end());
    let bars: Vec<_> = shown.split(['\r', '\n']).filter(|line| line.contains(BAR)).collect();
    assert!(!bars.is_empty());
    for bar in bars {
        assert!(bar.starts_with("a-tenant-with-a-nam… ") && bar.contains('%'), "{bar:?}");
        assert!(bar.trim_end().chars().count() <= usize::from(COLUMNS), "{bar:?}");
    }
    // Logs are text for people.
    assert!(shown.contains(" INFO started version="), "{shown}");
}

#[test]
fn no_bar_is_among_documents_nor_where_nobody_wants_one() {
    let tenant = SimulatedTenant::with_rows(60);
    tenant.deliver_to("[[output]]\ntype = \"stdout\"\n");
    let mut terminal = start(&tenant, &["run", "--once"], &[]);
    let shown = terminal.end();
    assert!(shown.contains("60 documents delivered") && !shown.contains(BAR), "{shown}");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let tenant = SimulatedTenant::with_rows(60);
    waiting(&tenant, &silent);
    let mut terminal = start(&tenant, &["run", "-q"], &[]);
    let _request = silent.accept().unwrap();
    terminal.kill();
    assert_eq!(terminal.end(), "");
}

/// The ranges of the past: the ledger knows how far it has come.
#[test]
fn a_bar_shows_how_far_a_range_has_come_and_is_taken_away() {
    let tenant = SimulatedTenant::with_rows(60);
    tenant.deliver_to("[[output]]\ntype = \"file\"\npath = \"documents.ndjson\"\n");
    tenant.simulator.hold_pages();
    for command in [["audit", "--json"], ["backfill", "--dry-run"]] {
        let arguments = [&command[..], &["--from", "2h", "--to", "now"]].concat();
        let mut terminal = start(&tenant, &arguments, &[]);
        wait_for("a bar", || terminal.shown().contains(BAR));
        tenant.simulator.let_pass(1_000);
        let shown = terminal.end();
        let last =
            plain(&shown).split(['\r', '\n']).rfind(|line| !line.trim().is_empty()).unwrap_or_default().to_owned();
        assert!(!last.contains(BAR), "{shown:?}");
        tenant.simulator.hold_pages();
    }
    tenant.simulator.let_pass(1_000);
    let ended = tenant.exotrace(&["audit", "--from", "2h", "--to", "now"]).run();
    assert!(!ended.all().contains(BAR), "not on a terminal: {ended}");
}

#[test]
fn errors_have_the_colours_of_wrong_arguments() {
    let tenant = SimulatedTenant::with_rows(0);
    tenant.write_settings("nonsense = 1\n");
    let error = |environment: &[(&str, &str)]| start(&tenant, &["run"], environment).end();
    let coloured = error(&[]);
    assert!(coloured.contains("\u{1b}[1;31merror:\u{1b}[0m "), "{coloured}");
    let plain = error(&[("NO_COLOR", "1")]);
    assert!(plain.contains("error: ") && !plain.contains('\u{1b}'), "{plain}");
}

/// The demo in a terminal of this width.
fn demo(columns: u16, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let arguments = [&["demo"], arguments].concat();
    Terminal::start(Exotrace::new(&project(), &arguments).envs(environment), columns).end()
}

#[test]
fn the_demo_tells_what_happens_and_fits() {
    for columns in [60, 80, 120] {
        let coloured = demo(columns, &["--rows", "120"], &[]);
        assert!(coloured.contains("\u{1b}[36m"), "{coloured}");
        let shown = plain(&coloured);
        for line in shown.lines() {
            assert!(line.trim_end().chars().count() <= usize::from(columns), "{columns}: {line}");
        }
        for part in [
            "1. Tenant",
            "contoso.com has 120 rows",
            "2. Mapping",
            "3. Sign-in",
            "4. Collect",
            "5. Deliver",
            "6. Once",
            "  // when Exchange received the message",
            "Documents by direction",
            "  inbound ",
            "Documents by outcome",
            "  success ",
            "Documents by country of the sender",
            "  United Kingdom ",
            "exotrace init",
        ] {
            assert!(shown.contains(part), "{columns}: {part}: {shown}");
        }
        // Read again, and delivered once.
        let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("3 pages over HTTP, 120 rows in all"), "{words}");
        assert!(
            words.contains("120 documents to a file") && words.contains("a second time, 0 are delivered"),
            "{words}"
        );
        let bars: usize =
            shown.split("Documents by direction").nth(1).unwrap().lines().skip(1).map_while(count_of_bar).sum();
        assert_eq!(bars, 120, "{shown}");
    }
}

/// The number beside a bar.
fn count_of_bar(line: &str) -> Option<usize> {
    let (before, _) = line.split_once('█')?;
    before.split_whitespace().last()?.parse().ok()
}

#[test]
fn the_demo_has_no_colours_where_nobody_wants_them() {
    let shown = demo(COLUMNS, &["--rows", "20"], &[("NO_COLOR", "1")]);
    assert!(shown.contains("1. Tenant") && !shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn the_demo_gives_documents_alone_to_programs() {
    let shown = plain(&demo(400, &["--rows", "20", "--json", "-q"], &[]));
    let documents = shown.lines().filter(|line| line.starts_with("{\"")).count();
    assert_eq!(documents, 20, "{shown}");
    assert!(!shown.contains("1. Tenant"), "{shown}");
}

#[test]
fn init_asks_until_the_answers_are_right() {
    let folder = Folder::new();
    let mut terminal = Terminal::start_asking(folder.bare(&["init"]), COLUMNS);
    terminal.answer("Type of the source [graph]: ", "grap");
    terminal.answer("Type of the source [graph]: ", "");
    terminal.answer("Type of the output [file]: ", "");
    terminal.answer("tenant_id: ", "my tenant");
    terminal.answer("tenant_id: ", "contoso.onmicrosoft.com");
    terminal.answer("client_id [${EXOTRACE_CLIENT_ID}]: ", "11111111-2222-3333-4444-555555555555");
    terminal.answer_unseen("client_secret: ", "a-secret-that-shows-nowhere");
    terminal.answer("local_domains (separated by commas, or none): ", "contoso.com, *.contoso.com");
    terminal.answer("path [trace.ndjson]: ", "");
    let shown = plain(&terminal.end());
    assert!(shown.contains("`my tenant` is neither a GUID nor a domain"), "{shown}");
    assert!(shown.contains("exotrace.toml is written.") && shown.contains("exotrace doctor exotrace.toml"), "{shown}");
    assert!(!shown.contains("a-secret-that-shows-nowhere"), "{shown}");
    assert_eq!(folder.read("client-secret"), "a-secret-that-shows-nowhere\n");
    let settings = folder.read("exotrace.toml");
    assert!(!settings.contains("a-secret-that-shows-nowhere"), "{settings}");
    for line in [
        "tenant_id = \"contoso.onmicrosoft.com\"",
        "client_secret_file = \"client-secret\"",
        "local_domains = [\"contoso.com\", \"*.contoso.com\"]",
        "path = \"trace.ndjson\"",
    ] {
        assert!(settings.lines().any(|it| it == line), "{line}: {settings}");
    }
    folder.exotrace(&["check"]).ends(0);
}

#[test]
fn init_ends_where_the_answers_end() {
    let folder = Folder::new();
    let mut terminal = Terminal::start_asking(folder.bare(&["init"]), COLUMNS);
    terminal.answer("Type of the source [graph]: ", "file");
    terminal.answer("Type of the output [file]: ", "stdout");
    // The end of the input, as Ctrl-D is.
    terminal.answer_with("paths (separated by commas): ", "\u{4}");
    let shown = plain(&terminal.end());
    assert!(shown.contains("error: ") && shown.contains("nothing was written"), "{shown}");
    assert!(!folder.path("exotrace.toml").exists());
}

/// Nothing is cleared before something else stands there, and no line wraps.
#[test]
fn a_watched_status_is_drawn_over_the_one_before() {
    let tenant = SimulatedTenant::misbehaving(&[]);
    tenant.settings(&tenant.by_secret());
    let mut terminal = Terminal::start(tenant.exotrace(&["status", "--watch=1"]), 40);
    wait_for("two reports", || terminal.shown().matches("\u{1b}[H").count() >= 2);
    terminal.kill();
    let shown = terminal.end();
    assert!(!shown.contains("\u{1b}[2J"), "{shown:?}");
    for line in plain(&shown).lines() {
        assert!(line.trim_end().chars().count() <= 40, "{line:?}");
    }
    assert!(shown.contains("dead letters"), "{shown:?}");
}
