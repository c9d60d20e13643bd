//! The program `exotrace`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    exotrace::main()
}
