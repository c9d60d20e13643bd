//! The licence of exotrace, and those of what is in the components and modules.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::{crates::Crates, folder, workspace::WORKSPACE};

/// The licence of exotrace.
pub(crate) const LICENSE: &str = "LICENSE";

/// The licences of the others.
pub(crate) const NOTICES: &str = "THIRD-PARTY-NOTICES.txt";

/// How the names of files begin that have a licence in them, in capitals.
const BEGINNINGS: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"];

/// Folders in crates that have a C library with licences of its own.
const BUNDLED: [(&str, &str); 2] = [("openssl-src", "openssl"), ("rdkafka-sys", "librdkafka")];

/// What is in the files and is not a crate of the registry.
const OTHERS: &str = "\
The public suffix list of https://publicsuffix.org/, without its comments, is under the Mozilla Public License 2.0:
https://mozilla.org/MPL/2.0/. Its source is https://publicsuffix.org/list/public_suffix_list.dat.

The standard library of Rust is under MIT OR Apache-2.0: https://github.com/rust-lang/rust/blob/master/COPYRIGHT.

The C library in what is built for WASI is under (Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT) AND MIT AND
BSD-2-Clause AND CC0-1.0: https://github.com/WebAssembly/wasi-libc/blob/main/LICENSE.
";

/// The C library of a static program.
const MUSL: &str = "\
musl libc of https://musl.libc.org/

Copyright © 2005-2020 Rich Felker, et al.

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the \"Software\"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
";

/// Writes both beside the components and modules that are built with these crates.
pub(crate) fn write(output: &Path, crates: &Crates) -> anyhow::Result<()> {
    folder::write(&output.join(LICENSE), &folder::read(&Path::new(WORKSPACE).join(LICENSE))?)?;
    // Many have the same text to the letter.
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut silent = Vec::new();
    for found in crates.all.values() {
        // What is of this workspace has the licence of exotrace.
        let Some(sources) = &found.sources else { continue };
        let named = format!("{} {} ({})", found.name, found.version, found.license);
        let mut files = files(sources)?;
        for (_, folder) in BUNDLED.iter().filter(|(name, _)| *name == found.name) {
            files.extend(self::files(&sources.join(folder))?);
        }
        if files.is_empty() {
            silent.push(named.clone());
        }
        for file in files {
            let text = String::from_utf8_lossy(&folder::read(&file)?).replace('\r', "");
            texts.entry(text.trim_end().to_owned()).or_default().push(named.clone());
        }
    }
    let mut notices = format!("What is in this part of exotrace besides itself.\n\n{OTHERS}");
    if !silent.is_empty() {
        notices.push_str(&format!("\nThese come without a text:\n{}\n", silent.join("\n")));
    }
    for (text, mut names) in texts {
        names.sort();
        names.dedup();
        notices.push_str(&format!("\n{}\n{}\n\n{text}\n", "-".repeat(80), names.join("\n")));
    }
    folder::write(&output.join(NOTICES), notices.as_bytes())
}

/// Adds what a static program has inside besides its crates.
pub(crate) fn add_musl(output: &Path) -> anyhow::Result<()> {
    let file = output.join(NOTICES);
    let notices = [folder::read(&file)?, format!("\n{}\n{MUSL}", "-".repeat(80)).into_bytes()].concat();
    folder::write(&file, &notices)
}

/// The files with the licences of a crate.
fn files(sources: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(sources).with_context(|| format!("could not read folder `{}`", sources.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        if entry.file_type()?.is_file() && BEGINNINGS.iter().any(|beginning| name.starts_with(beginning)) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
