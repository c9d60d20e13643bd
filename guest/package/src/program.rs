//! Packs the program that people install: with an SBOM, the licences of what is in it, and checksums.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, bail};

use crate::{
    checksums, crates::Crates, folder, mappings::MappingPackage, notices, parts::is_musl, sbom, workspace::WORKSPACE,
};

/// The program.
pub(crate) const PROGRAM: &str = "exotrace";

/// What is in the paths of all folders that OpenSSL was built to be in.
const OPENSSL: &[u8] = b"/openssl-build/install/";

/// Puts the program that cargo built into a folder, with what it is. It is for this machine when no target is named.
pub(crate) fn pack(built: &Path, output: &Path, target: Option<&str>) -> anyhow::Result<()> {
    let file = output.join(PROGRAM);
    fs::create_dir_all(output).with_context(|| format!("could not make folder `{}`", output.display()))?;
    // With its permissions.
    fs::copy(built, &file).with_context(|| format!("could not copy `{}`", built.display()))?;
    let mut program = folder::read(&file)?;
    if forget_folders(&mut program) {
        fs::write(&file, program).with_context(|| format!("could not write `{}`", file.display()))?;
    }
    let (host, compiler) = compiler()?;
    let mappings = MappingPackage::all(Path::new(WORKSPACE))?;
    let mappings: Vec<&str> = mappings.iter().map(|mapping| mapping.about.name.as_str()).collect();
    let mut crates = Crates::default();
    let target = target.unwrap_or(&host);
    crates.add_build_with(target, PROGRAM, "kafka")?;
    crates.add_sources_of("openssl-sys", "openssl-src")?;
    crates.add_build("wasm32-unknown-unknown", &mappings)?;
    crates.add_checksums()?;
    crates.add_sources()?;
    let document = sbom::of_program(&folder::read(&file)?, &crates, &mappings, &compiler, target)?;
    folder::write(&output.join(sbom::FILE), format!("{document:#}\n").as_bytes())?;
    notices::write(output, &crates)?;
    if is_musl(target) {
        notices::add_musl(output)?;
    }
    // Last: it tells of all other files.
    checksums::write(output)
}

/// Names what is wrong with the folder of the program.
pub(crate) fn check(output: &Path, machine: &[&str]) -> anyhow::Result<()> {
    let mut problems = checksums::problems(output)?;
    let program = folder::read(&output.join(PROGRAM))?;
    for folder in machine {
        if program.windows(folder.len()).any(|bytes| bytes == folder.as_bytes()) {
            problems.push(format!("`{PROGRAM}` names `{folder}`, a folder of the machine that it was built on"));
        }
    }
    let document: serde_json::Value = serde_json::from_slice(&folder::read(&output.join(sbom::FILE))?)?;
    let said = &document["metadata"]["component"]["hashes"][0]["content"];
    if *said != checksums::digest(&program) {
        problems.push(format!("`{}` is of another program", sbom::FILE));
    }
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    Ok(())
}

/// Overwrites the folders in which OpenSSL would look for parts of itself: it was built to be put where it was built,
/// and has no such parts. Says whether there was one.
fn forget_folders(program: &mut [u8]) -> bool {
    let is_of_path = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+".contains(byte);
    let mut at = 0;
    let mut found = false;
    while let Some(place) = find(program, OPENSSL, at) {
        let start = program[..place].iter().rposition(|byte| !is_of_path(byte)).map_or(0, |before| before + 1);
        let end = program[place..].iter().position(|byte| !is_of_path(byte)).map_or(program.len(), |it| place + it);
        // A path as long as that, of nothing.
        program[start..end].fill(b'x');
        program[start] = b'/';
        (at, found) = (end, true);
    }
    found
}

/// Where these bytes are, from a place on.
fn find(program: &[u8], bytes: &[u8], from: usize) -> Option<usize> {
    program[from..].windows(bytes.len()).position(|found| found == bytes).map(|place| from + place)
}

/// What the compiler builds for when nobody says, and its version.
fn compiler() -> anyhow::Result<(String, String)> {
    let output = Command::new("rustc").arg("-vV").output().context("could not run rustc")?;
    let text = String::from_utf8(output.stdout)?;
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
    let host = value("host: ").context("rustc does not say what it builds for")?;
    Ok((host, value("release: ").context("rustc does not say its version")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_comes_with_what_is_in_it() {
        let folder = std::env::temp_dir().join(format!("exotrace-program-{}", std::process::id()));
        let built = folder.join("built");
        folder::write(&built, b"a program").unwrap();
        let output = folder.join("output");
        pack(&built, &output, None).unwrap();
        check(&output, &["/folder/of/a/machine"]).unwrap();
        let document: serde_json::Value =
            serde_json::from_slice(&folder::read(&output.join(sbom::FILE)).unwrap()).unwrap();
        let names: Vec<_> = document["components"].as_array().unwrap().iter().map(|it| it["name"].clone()).collect();
        for name in [
            "wasmtime",
            "rustls",
            "libsqlite3-sys",
            "hashbrown",
            "public-suffix-list",
            "rust-std",
            "rdkafka-sys",
            "openssl-src",
        ] {
            assert!(names.iter().any(|found| found == name), "{name}");
        }
        let notices = String::from_utf8(folder::read(&output.join(notices::NOTICES)).unwrap()).unwrap();
        assert!(notices.contains("wasmtime 48") && notices.contains("Mozilla Public License"));
        assert!(notices.contains("librdkafka - Apache Kafka C driver library") && notices.contains("openssl-src 3"));
        assert!(!notices.contains("musl libc of https://musl.libc.org/") && !names.iter().any(|found| found == "musl"));
        let error = check(&output, &["a prog"]).unwrap_err().to_string();
        assert!(error.contains("a folder of the machine"), "{error}");
        folder::write(&output.join(PROGRAM), b"another").unwrap();
        let error = check(&output, &[]).unwrap_err().to_string();
        assert!(error.contains("is not what `SHA256SUMS` says") && error.contains("is of another program"), "{error}");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_program_forgets_where_its_openssl_was_built() {
        let mut program =
            b"a\0/home/me/x.y/out/openssl-build/install/lib/engines-3\0ENGINESDIR: \"/b/openssl-build/install/e\""
                .to_vec();
        let length = program.len();
        assert!(forget_folders(&mut program));
        let text = String::from_utf8(program.clone()).unwrap();
        assert!(text.starts_with("a\0/xxx") && text.ends_with("ENGINESDIR: \"/xxxxxxxxxxxxxxxxxxxxxxxxx\""), "{text}");
        assert_eq!((program.len(), forget_folders(&mut program)), (length, false));
    }

    #[test]
    fn a_static_program_comes_with_its_c_library() {
        let folder = std::env::temp_dir().join(format!("exotrace-static-program-{}", std::process::id()));
        let built = folder.join("built");
        folder::write(&built, b"a program").unwrap();
        let output = folder.join("output");
        pack(&built, &output, Some("x86_64-unknown-linux-musl")).unwrap();
        check(&output, &[]).unwrap();
        let document = String::from_utf8(folder::read(&output.join(sbom::FILE)).unwrap()).unwrap();
        assert!(document.contains("\"name\": \"musl\"") && document.contains("\"name\": \"wasmtime\""));
        let notices = String::from_utf8(folder::read(&output.join(notices::NOTICES)).unwrap()).unwrap();
        assert!(notices.contains("musl libc of https://musl.libc.org/"), "{notices}");
        fs::remove_dir_all(folder).unwrap();
    }
}
