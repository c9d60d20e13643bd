//! Compiles components. Compiling is no part of the sandbox: code of a hundred kilobytes can take gigabytes and hours,
//! and end the process. So what is not built in is looked through first, and compiled in a process of its own that has
//! limits.

use std::{path::Path, sync::Arc, time::Duration};

use wasmtime::{Engine, component::Component as Compiled};

use super::{
    ComponentError,
    built_in::is_built_in,
    engine::{ENGINE, METERED},
    shape,
};

mod apart;
mod child;

use apart::Apart;
pub use apart::CompileError;
pub(crate) use child::{ChildLimits, compile_for_parent};

/// What compiling a component may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// The most address space of the process that compiles, in bytes.
    pub memory_bytes: u64,
    /// The most processor time.
    pub time: Duration,
}

impl Default for CompileLimits {
    /// The built-in mappings take about 200 MB and one second.
    fn default() -> Self {
        Self { memory_bytes: 1024 * 1024 * 1024, time: Duration::from_secs(60) }
    }
}

/// How components are compiled. Cheap to clone.
#[derive(Clone, Default)]
pub struct Compiler {
    apart: Option<Arc<Apart>>,
}

impl Compiler {
    /// Compiles within this process: for components that the caller trusts, since neither memory nor time is limited.
    pub fn within() -> Self {
        Self::default()
    }

    /// Compiles in a process of its own: `program` is an `exotrace` of this very build.
    pub fn apart(program: &Path, limits: CompileLimits) -> Self {
        Self { apart: Some(Arc::new(Apart::new(program.to_owned(), limits))) }
    }

    /// Compiles in another process of the program that runs, which has to be `exotrace`.
    pub(crate) fn of_this_program(limits: CompileLimits) -> Self {
        Self::apart(&apart::this_program(), limits)
    }

    /// Compiles a component for the engine that meters, or for the other one. What is built in is trusted.
    pub(super) fn compile(&self, is_metering: bool, bytes: &[u8]) -> Result<Compiled, ComponentError> {
        let engine = engine(is_metering);
        let here = || Compiled::new(engine, bytes).map_err(ComponentError::NotAComponent);
        if is_built_in(bytes) {
            return here();
        }
        shape::check(bytes)?;
        match &self.apart {
            None => here(),
            Some(apart) => apart.compile(engine, is_metering, bytes),
        }
    }
}

/// The engine that meters, or the other one.
pub(super) fn engine(is_metering: bool) -> &'static Engine {
    if is_metering { &METERED } else { &ENGINE }
}
