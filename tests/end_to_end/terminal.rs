//! What people see who run the program in a terminal.

use std::{
    fs::{File, OpenOptions},
    io::Read as _,
    net::TcpListener,
    process::{Child, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

use crate::harness::{SimulatedTenant, wait_for};

const COLUMNS: u16 = 80;

/// What a bar has that is not full.
const BAR: char = '░';

/// A program in a terminal of its own, and what is on that.
struct Terminal {
    program: Child,
    shown: Arc<Mutex<Vec<u8>>>,
    reading: Option<thread::JoinHandle<()>>,
}

impl Terminal {
    fn start(tenant: &SimulatedTenant, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap().into_string().unwrap();
        let user = OpenOptions::new().read(true).write(true).open(name).unwrap();
        tcsetwinsize(&user, Winsize { ws_row: 24, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let mut command = tenant.exotrace(arguments).env("TERM", "xterm").envs(environment).command();
        command.stdin(Stdio::null()).stdout(user.try_clone().unwrap()).stderr(user);
        let program = command.spawn().unwrap();
        // It has copies of the terminal, at whose end reading ends.
        drop(command);
        let shown = Arc::new(Mutex::new(Vec::new()));
        let (mut controller, told) = (File::from(controller), Arc::clone(&shown));
        let reading = thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = controller.read(&mut bytes) {
                told.lock().unwrap().extend_from_slice(&bytes[..length]);
            }
        });
        Self { program, shown, reading: Some(reading) }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// Everything that was shown, when it has ended.
    fn end(&mut self) -> String {
        self.program.wait().unwrap();
        self.reading.take().unwrap().join().unwrap();
        self.shown()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.program.kill());
        drop(self.program.wait());
    }
}

/// A text without what moves the cursor and has colours.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            // `ESC [`, and what ends with a letter.
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
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
    let mut terminal = Terminal::start(&tenant, &["run"], &[]);
    wait_for("a bar", || terminal.shown().contains(BAR));
    terminal.program.kill().unwrap();
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
    let mut terminal = Terminal::start(&tenant, &["run", "--once"], &[]);
    let shown = terminal.end();
    assert!(shown.contains("60 documents delivered") && !shown.contains(BAR), "{shown}");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let tenant = SimulatedTenant::with_rows(60);
    waiting(&tenant, &silent);
    let mut terminal = Terminal::start(&tenant, &["run", "-q"], &[]);
    let _request = silent.accept().unwrap();
    terminal.program.kill().unwrap();
    assert_eq!(terminal.end(), "");
}

#[test]
fn errors_have_the_colours_of_wrong_arguments() {
    let tenant = SimulatedTenant::with_rows(0);
    tenant.write_settings("nonsense = 1\n");
    let error = |environment: &[(&str, &str)]| Terminal::start(&tenant, &["run"], environment).end();
    let coloured = error(&[]);
    assert!(coloured.contains("\u{1b}[1;31merror:\u{1b}[0m "), "{coloured}");
    let plain = error(&[("NO_COLOR", "1")]);
    assert!(plain.contains("error: ") && !plain.contains('\u{1b}'), "{plain}");
}
