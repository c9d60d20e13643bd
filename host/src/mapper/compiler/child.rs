//! The side of the process that compiles: it limits itself, reads a key and a component, and answers with sealed code.

use std::{
    io::{self, Read, Write},
    process, thread,
    time::Duration,
};

use exotrace_code_cache::{HANDOVER_KEY_BYTES, seal};
use rlimit::Resource;

use crate::mapper::{engine::engine, limits::MAX_COMPONENT_BYTES};

/// How this process ends when wasmtime does not compile the component; it has said why then.
pub(super) const NOT_COMPILED: u8 = 3;

/// How this process ends when its parent has ended.
const ABANDONED: i32 = 4;

/// The longest reason, in characters: a component may have its part in it.
const MAX_REASON: usize = 1000;

/// What this process may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChildLimits {
    /// Address space.
    pub(crate) memory_bytes: u64,
    /// Processor time.
    pub(crate) time: Duration,
}

impl ChildLimits {
    /// Limits this process for good.
    fn apply(self) -> io::Result<()> {
        let seconds = self.time.as_secs().max(1);
        Resource::CORE.set(0, 0)?;
        Resource::AS.set(self.memory_bytes, self.memory_bytes)?;
        // Past the first it is told, past the second ended.
        Resource::CPU.set(seconds, seconds + 1)?;
        // Where memory is short all the same, it is this process that has to go. Who may not say so is limited anyway.
        drop(std::fs::write("/proc/self/oom_score_adj", "1000"));
        Ok(())
    }
}

/// Compiles what the process that has started this one gives, within limits: the length of a component, a key and the
/// component. Says with which code to exit.
///
/// # Errors
///
/// When this process cannot limit itself, or nobody talks to it as it should.
pub(crate) fn compile_for_parent(
    limits: ChildLimits,
    is_metering: bool,
    mut input: impl Read + Send + 'static,
    output: &mut impl Write,
    said: &mut impl Write,
) -> io::Result<u8> {
    limits.apply()?;
    let (mut length, mut key) = ([0; 8], [0; HANDOVER_KEY_BYTES]);
    input.read_exact(&mut length)?;
    input.read_exact(&mut key)?;
    let length = u64::from_le_bytes(length);
    if length > MAX_COMPONENT_BYTES {
        return Err(io::Error::other("the component is larger than any mapping"));
    }
    let mut bytes = Vec::new();
    input.by_ref().take(length).read_to_end(&mut bytes)?;
    end_with_parent(input)?;
    let engine = engine(is_metering);
    match engine.precompile_component(&bytes) {
        Ok(code) => {
            output.write_all(&seal(&key, engine, &bytes, &code))?;
            output.flush()?;
            Ok(0)
        }
        Err(error) => {
            let reason: String = format!("{error:#}").chars().take(MAX_REASON).collect();
            said.write_all(reason.as_bytes())?;
            Ok(NOT_COMPILED)
        }
    }
}

/// The input has ended, so the process at its other end has ended too.
#[expect(clippy::exit, reason = "nobody is left to answer to, and compiling cannot be interrupted")]
fn end_with_parent(mut input: impl Read + Send + 'static) -> io::Result<()> {
    let watching = move || {
        // For any reason that ends the wait.
        drop(input.read(&mut [0]));
        process::exit(ABANDONED);
    };
    thread::Builder::new().spawn(watching).map(drop)
}
