//! Makes components of the `.wat` files beside it, which misbehave, one per way to; `make guests` runs it.
//!
//! A file is either a whole component, or functions that take the place of hooks in `prelude.wat`, which is a mapping
//! whose documents are its records. Most misbehave at a record whose first name is `x`.

use std::{error::Error, fmt::Write as _, fs};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

mod bombs;

/// What stands in for the hooks that a file does not have.
const HOOKS: [(&str, &str); 6] = [
    ("$describe", ""),
    ("$open", ""),
    ("$begin", ""),
    ("$record", "(param i32 i32)"),
    ("$end", "(param i32)"),
    ("$after", "(global.set $heap (i32.const 65536))"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let prelude = fs::read_to_string("prelude.wat")?;
    fs::write("honest.wasm", component(&prelude, "")?)?;
    for entry in fs::read_dir(".")? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "wat") || path.ends_with("prelude.wat") {
            continue;
        }
        let made = component(&prelude, &fs::read_to_string(&path)?);
        let made = made.map_err(|error| format!("{}: {error}", path.display()))?;
        fs::write(path.with_extension("wasm"), made)?;
    }
    for (name, functions) in bombs::bombs() {
        fs::write(format!("{name}.wasm"), component(&prelude, &functions)?)?;
    }
    Ok(())
}

fn component(prelude: &str, own: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    if own.contains("(component") {
        return Ok(wat::parse_str(own)?);
    }
    // In the text format imports come before everything else.
    let (imports, own): (Vec<_>, Vec<_>) = own.lines().partition(|line| line.starts_with("(import"));
    let own = own.join("\n");
    let mut text = format!("(module\n{}\n{prelude}{own}", imports.join("\n"));
    for (hook, instead) in HOOKS {
        if !own.contains(&format!("(func {hook}")) {
            writeln!(text, "(func {hook} {instead})")?;
        }
    }
    text.push(')');
    let mut module = wat::parse_str(text)?;
    let mut resolve = Resolve::default();
    // They were built for the first contract, which the host goes on speaking.
    let (package, _) = resolve.push_dir("../../wit/released/0.1.0")?;
    let world = resolve.select_world(&[package], Some("mapping"))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    Ok(ComponentEncoder::default().validate(true).module(&module)?.encode()?)
}
