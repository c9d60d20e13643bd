//! The program in a terminal of its own.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    process::{Child, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};

use super::{exotrace::Exotrace, wait::wait_for};

/// A program in a terminal of its own, and what is on that.
pub(crate) struct Terminal {
    program: Child,
    shown: Arc<Mutex<Vec<u8>>>,
    reading: Option<thread::JoinHandle<()>>,
    keyboard: File,
    /// How many bytes were on it when the last answer was typed.
    answered: usize,
}

impl Terminal {
    /// Starts a program with nothing on standard input.
    pub(crate) fn start(program: Exotrace, columns: u16) -> Self {
        Self::open(program, columns, false)
    }

    /// Starts a program that can ask.
    pub(crate) fn start_asking(program: Exotrace, columns: u16) -> Self {
        Self::open(program, columns, true)
    }

    fn open(program: Exotrace, columns: u16, has_keyboard: bool) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap().into_string().unwrap();
        let user = OpenOptions::new().read(true).write(true).open(name).unwrap();
        tcsetwinsize(&user, Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let mut command = program.env("TERM", "xterm").command();
        let stdin = if has_keyboard { user.try_clone().unwrap().into() } else { Stdio::null() };
        command.stdin(stdin).stdout(user.try_clone().unwrap()).stderr(user);
        let program = command.spawn().unwrap();
        // It has copies of the terminal, at whose end reading ends.
        drop(command);
        let shown = Arc::new(Mutex::new(Vec::new()));
        let mut controller = File::from(controller);
        let (keyboard, told) = (controller.try_clone().unwrap(), Arc::clone(&shown));
        let reading = thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = controller.read(&mut bytes) {
                told.lock().unwrap().extend_from_slice(&bytes[..length]);
            }
        });
        Self { program, shown, reading: Some(reading), keyboard, answered: 0 }
    }

    /// Waits for a question, and types a line.
    #[track_caller]
    pub(crate) fn answer(&mut self, question: &str, line: &str) {
        self.answer_with(question, &format!("{line}\n"));
    }

    /// Waits for a question, and types this.
    #[track_caller]
    pub(crate) fn answer_with(&mut self, question: &str, keys: &str) {
        wait_for(question, || plain(&self.since_answer()).ends_with(question));
        self.answered = self.shown.lock().unwrap().len();
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for a question whose answer is not shown, and types a line.
    #[track_caller]
    pub(crate) fn answer_unseen(&mut self, question: &str, line: &str) {
        wait_for(question, || plain(&self.since_answer()).ends_with(question));
        // The program asks first, and what is typed before it is ready shows.
        wait_for("a terminal that shows nothing", || !self.shows_what_is_typed());
        self.answer(question, line);
    }

    fn shows_what_is_typed(&self) -> bool {
        tcgetattr(&self.keyboard).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    fn since_answer(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()[self.answered..]).into_owned()
    }

    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    pub(crate) fn kill(&mut self) {
        self.program.kill().unwrap();
    }

    /// Everything that was shown, when it has ended.
    pub(crate) fn end(&mut self) -> String {
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
pub(crate) fn plain(text: &str) -> String {
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
