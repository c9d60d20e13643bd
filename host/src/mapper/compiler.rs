//! Compiles components. Compiling is not part of the sandbox: code of a hundred kilobytes can take gigabytes and hours,
//! and end the process. So what is not built in is looked through first, and compiled in a process of its own that has
//! limits.

use std::{path::Path, sync::Arc};

use exotrace_built_in::BuiltIn;
use tracing::debug;
use wasmtime::component::Component as Compiled;

use super::{built_in::with_bytes, complexity, component_error::ComponentError, engine::engine};

mod apart;
mod child;
mod compile_error;
mod compile_limits;

use apart::Apart;
pub(crate) use child::{ChildLimits, compile_for_parent};
pub use compile_error::CompileError;
pub use compile_limits::CompileLimits;

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
        let here = || Compiled::new(engine, bytes).map_err(ComponentError::not_loaded);
        if let Some(built_in) = with_bytes(bytes) {
            return precompiled(built_in, is_metering).map_or_else(here, Ok);
        }
        complexity::check(bytes)?;
        match &self.apart {
            None => here(),
            Some(apart) => apart.compile(engine, is_metering, bytes),
        }
    }
}

/// A built-in mapping by the machine code inside the program, which is for the engine that does not meter; `None` where
/// the processor is older than those that it is for.
pub(super) fn precompiled(built_in: &BuiltIn, is_metering: bool) -> Option<Compiled> {
    if is_metering {
        return None;
    }
    match built_in.load(engine(false)) {
        Ok(component) => Some(component),
        Err(error) => {
            debug!(
                version = built_in.version,
                error = format!("{error:#}"),
                "machine code inside the program does not fit"
            );
            None
        }
    }
}
