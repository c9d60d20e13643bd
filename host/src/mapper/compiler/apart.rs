//! The side of the process that wants something compiled.

use std::{
    env,
    io::{self, Read as _, Write as _},
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use exotrace_code_cache::Handover;
use wasmtime::{Engine, component::Component as Compiled};

use super::{
    child::NOT_COMPILED,
    compile_error::{COMMAND, CompileError},
    compile_limits::CompileLimits,
};
use crate::mapper::component_error::ComponentError;

/// The longest code that is taken, in bytes: several times that of any mapping.
const MAX_CODE_BYTES: u64 = 256 * 1024 * 1024;

/// How much of what the other process says is read, in bytes.
const MAX_TEXT_BYTES: u64 = 4096;

/// The limit is one of processor time, and the other process keeps to it by itself. A busy machine gives it none: after
/// this multiple of the limit by the clock it is ended, which says nothing of the component.
const PATIENCE: u32 = 5;

/// The file of the program that runs, also when another one has its name by now.
pub(super) fn this_program() -> PathBuf {
    let running = Path::new("/proc/self/exe");
    if running.exists() { running.to_owned() } else { env::current_exe().unwrap_or_else(|_| "exotrace".into()) }
}

/// Compiles in a process of its own.
pub(super) struct Apart {
    program: PathBuf,
    limits: CompileLimits,
}

impl Apart {
    pub(super) fn new(program: PathBuf, limits: CompileLimits) -> Self {
        Self { program, limits }
    }

    pub(super) fn compile(&self, engine: &Engine, is_metering: bool, bytes: &[u8]) -> Result<Compiled, ComponentError> {
        let handover = Handover::new().map_err(CompileError::NotStarted)?;
        let mut child = self.start(is_metering).map_err(CompileError::NotStarted)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(CompileError::Unsealed.into());
        };
        let given = [&(bytes.len() as u64).to_le_bytes(), handover.key(), bytes].concat();
        // Beside the thread that looks at the clock.
        let talking = thread::Builder::new().name("compiling".to_owned()).spawn(move || talk(stdin, stdout, &given));
        let talking = match talking {
            Ok(talking) => talking,
            Err(error) => {
                end(&mut child);
                return Err(CompileError::NotStarted(error).into());
            }
        };
        let status = self.wait(&mut child)?;
        let sealed = talking.join().map_err(|_| CompileError::Unsealed)?;
        if status.success() {
            let compiled = handover.accept(engine, bytes, &sealed).ok_or(CompileError::Unsealed)?;
            return compiled.map_err(ComponentError::not_loaded);
        }
        let mut text = Vec::new();
        if let Some(stderr) = child.stderr.take() {
            // What it said last is gone when this fails, and its status still counts.
            drop(stderr.take(MAX_TEXT_BYTES).read_to_end(&mut text));
        }
        Err(self.explain(status, String::from_utf8_lossy(&text).trim()))
    }

    /// Starts the other process: with nothing of the environment, since there may be secrets in it, and out of reach of
    /// the terminal's signals.
    fn start(&self, is_metering: bool) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command.arg0("exotrace").arg(COMMAND);
        command.args(["--memory-bytes", &self.limits.memory_bytes.to_string()]);
        command.args(["--seconds", &self.limits.time.as_secs().max(1).to_string()]);
        if is_metering {
            command.arg("--metered");
        }
        // Every arena of the allocator would take address space, which is what is limited.
        command.env_clear().env("MALLOC_ARENA_MAX", "2").env("RUST_BACKTRACE", "0");
        command.current_dir("/").process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn()
    }

    fn wait(&self, child: &mut Child) -> Result<ExitStatus, ComponentError> {
        let longest = self.limits.time.saturating_mul(PATIENCE);
        let deadline = Instant::now() + longest;
        let mut pause = Duration::from_millis(1);
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if Instant::now() < deadline => {}
                Ok(None) => {
                    end(child);
                    return Err(CompileError::Busy(longest).into());
                }
                Err(error) => {
                    end(child);
                    return Err(CompileError::Ended(error.to_string()).into());
                }
            }
            thread::sleep(pause);
            pause = (2 * pause).min(Duration::from_millis(20));
        }
    }

    fn explain(&self, status: ExitStatus, text: &str) -> ComponentError {
        let CompileLimits { memory_bytes, time } = self.limits;
        // wasmtime's own word for what cannot be compiled.
        if status.code() == Some(NOT_COMPILED.into()) {
            return ComponentError::NotAComponent(wasmtime::Error::msg(text.to_owned()));
        }
        let has_no_memory = ["memory allocation of", "Cannot allocate memory", "out of memory", "capacity overflow"];
        let line = text.lines().next().unwrap_or_default();
        match status.signal() {
            Some(libc::SIGXCPU) => CompileError::Time(time),
            // The system was faster than the limit.
            Some(libc::SIGKILL) => CompileError::Memory(memory_bytes),
            Some(libc::SIGHUP | libc::SIGINT | libc::SIGTERM) => CompileError::Interrupted,
            _ if has_no_memory.iter().any(|words| text.contains(words)) => CompileError::Memory(memory_bytes),
            Some(signal) => CompileError::Ended(format!("signal {signal}: {line}")),
            None => CompileError::Ended(format!("{status}: {line}")),
        }
        .into()
    }
}

/// Gives the other process what it is to compile, and takes what it answers. What goes wrong here its status tells.
fn talk(mut stdin: ChildStdin, stdout: ChildStdout, given: &[u8]) -> Vec<u8> {
    drop(stdin.write_all(given));
    let mut sealed = Vec::new();
    drop(stdout.take(MAX_CODE_BYTES).read_to_end(&mut sealed));
    // Open until then: that it is closed tells the other process that this one has ended.
    drop(stdin);
    sealed
}

fn end(child: &mut Child) {
    // It may have ended by itself.
    drop(child.kill());
    drop(child.wait());
}
