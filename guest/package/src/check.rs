//! Whether a folder is whole: everything is what it says, and says what it is.

use std::{collections::BTreeSet, env, path::Path};

use anyhow::bail;
use serde_json::Value;

use crate::{checksums, folder, licenses, notices, sbom, wit};

/// Names everything that is wrong with the folder.
pub(crate) fn check(output: &Path) -> anyhow::Result<()> {
    let problems = problems(output)?;
    if !problems.is_empty() {
        bail!("{}\nhint: `make components` writes the folder again", problems.join("\n"));
    }
    Ok(())
}

fn problems(output: &Path) -> anyhow::Result<Vec<String>> {
    let mut problems = checksums::problems(output)?;
    let document: Value = serde_json::from_slice(&folder::read(&output.join(sbom::FILE))?)?;
    let files = folder::files(output)?;
    for name in [notices::LICENSE, notices::NOTICES] {
        if !files.iter().any(|file| file == name) {
            problems.push(format!("there is no `{name}`"));
        }
    }
    for name in files.iter().filter(|name| name.ends_with(".wasm")) {
        let bytes = folder::read(&output.join(name))?;
        match folder::metadata(&bytes) {
            Ok(metadata) => {
                problems.extend(missing(&metadata).map(|key| format!("`{name}` says no {key}")));
                let said = metadata.licenses.map(|licenses| licenses::terms(&licenses.to_string())).unwrap_or_default();
                let unsaid = licenses_inside(&document, name).into_iter().filter(|license| !said.contains(license));
                problems.extend(unsaid.map(|license| format!("`{name}` does not say that `{license}` is in it")));
            }
            Err(error) => problems.push(format!("`{name}`: {error:#}")),
        }
        if let Some(folder) = folders_of_the_machine().find(|folder| contains(&bytes, folder)) {
            problems.push(format!("`{name}` names `{folder}`, a folder of the machine that it was built on"));
        }
        if *name != wit::PACKAGE && !is_made_of_something(&document, name) {
            problems.push(format!("`{}` does not say what `{name}` is made of", sbom::FILE));
        }
        if !is_listed(&document, name, &checksums::digest(&bytes)) {
            problems.push(format!("`{name}` is not in `{}`, or another file", sbom::FILE));
        }
    }
    problems.extend(dangling(&document).map(|known| format!("`{}` needs `{known}`, and does not have it", sbom::FILE)));
    if let Err(error) = wit::check(output) {
        problems.push(format!("`{}` {error:#}", wit::PACKAGE));
    }
    Ok(problems)
}

/// The licences of what a file is made of, and of what that needs.
fn licenses_inside(document: &Value, name: &str) -> BTreeSet<String> {
    let by_name = |list: &str, key: &str, name: &str| {
        let found = document[list].as_array().into_iter().flatten().find(|entry| entry[key] == name);
        found.cloned().unwrap_or_default()
    };
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut pending = vec![name.to_owned()];
    while let Some(part) = pending.pop() {
        if part != name
            && let Some(license) = by_name("components", "bom-ref", &part)["licenses"][0]["expression"].as_str()
        {
            found.extend(licenses::terms(license));
        }
        let needed = by_name("dependencies", "ref", &part)["dependsOn"].clone();
        let needed = needed.as_array().into_iter().flatten().filter_map(Value::as_str);
        pending.extend(needed.filter(|needed| !seen.contains(*needed)).map(str::to_owned));
        seen.insert(part);
    }
    found
}

/// What no file may name.
fn folders_of_the_machine() -> impl Iterator<Item = String> {
    let workspace = env::current_dir().map(|folder| format!("{}/", folder.display())).ok();
    [Some("/.cargo/".to_owned()), workspace].into_iter().flatten()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn is_made_of_something(document: &Value, name: &str) -> bool {
    let entry = document["dependencies"].as_array().into_iter().flatten().find(|entry| entry["ref"] == name);
    entry.is_some_and(|entry| entry["dependsOn"].as_array().is_some_and(|needed| !needed.is_empty()))
}

/// What a file does not say about itself.
fn missing(metadata: &wasm_metadata::Metadata) -> impl Iterator<Item = &'static str> {
    let has_producers = metadata.producers.as_ref().is_some_and(|producers| !producers.is_empty());
    [
        ("name", metadata.name.is_some()),
        ("version", metadata.version.is_some()),
        ("description", metadata.description.is_some()),
        ("licence", metadata.licenses.is_some()),
        ("source", metadata.source.is_some()),
        ("producers", has_producers),
    ]
    .into_iter()
    .filter(|(_, is_there)| !is_there)
    .map(|(key, _)| key)
}

fn is_listed(document: &Value, name: &str, digest: &str) -> bool {
    let listed = document["components"].as_array().into_iter().flatten().find(|listed| listed["name"] == name);
    listed.is_some_and(|listed| listed["hashes"][0]["content"] == digest)
}

/// What something in the SBOM needs that is not in it.
fn dangling(document: &Value) -> impl Iterator<Item = String> {
    let components = document["components"].as_array().into_iter().flatten();
    let known: BTreeSet<&str> = components.filter_map(|component| component["bom-ref"].as_str()).collect();
    let entries = document["dependencies"].as_array().into_iter().flatten();
    let needed = entries.flat_map(|entry| entry["dependsOn"].as_array().into_iter().flatten());
    let needed: BTreeSet<&str> = needed.filter_map(Value::as_str).collect();
    needed.difference(&known).map(ToString::to_string).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use serde_json::json;
    use wasm_encoder::{CustomSection, Section};
    use wasm_metadata::{AddMetadata, AddMetadataField};

    use super::*;
    use crate::{about::About, crates::Crates, workspace::WORKSPACE};

    const FILE: &str = "fluent-bit.wasm";

    /// A module that the compiler of Rust could have made, and that does nothing.
    fn module() -> Vec<u8> {
        let mut metadata = AddMetadata::default();
        metadata.processed_by.push(("rustc".to_owned(), "1.95.0 (abc 2026-04-14)".to_owned()));
        metadata.name = AddMetadataField::Keep;
        metadata.to_wasm(b"\0asm\x01\0\0\0").unwrap()
    }

    /// A folder that is whole, for the test of that name.
    fn folder(name: &str) -> PathBuf {
        let folder = Path::new(WORKSPACE).join("target/package/tests").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        let about = About::package(Path::new(WORKSPACE), "exotrace-fluent-bit").unwrap();
        let about = About { license: "Apache-2.0 AND MPL-2.0".to_owned(), ..about };
        fs::write(folder.join(FILE), about.put_into(&module()).unwrap()).unwrap();
        wit::pack(&Path::new(WORKSPACE).join("wit"), &folder).unwrap();
        let mut crates = Crates::default();
        crates
            .add_tree("0exotrace-fluent-bit v0.1.0 (/x)|Apache-2.0|\n1exotrace-mapping v0.1.0 (/y)|Apache-2.0|\n")
            .unwrap();
        let document = sbom::document(&folder, &crates).unwrap();
        fs::write(folder.join(sbom::FILE), document.to_string()).unwrap();
        notices::write(&folder, &crates).unwrap();
        checksums::write(&folder).unwrap();
        folder
    }

    fn change_text(file: &Path, from: &str, to: &str) {
        let text = fs::read_to_string(file).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(file, text.replacen(from, to, 1)).unwrap();
    }

    #[track_caller]
    fn expect(folder: &Path, expected: &[&str]) {
        assert_eq!(problems(folder).unwrap(), expected);
    }

    #[test]
    fn what_is_whole_has_no_problems() {
        let folder = folder("whole");
        expect(&folder, &[]);
        check(&folder).unwrap();
        let document = fs::read_to_string(folder.join(sbom::FILE)).unwrap();
        let document: Value = serde_json::from_str(&document).unwrap();
        let needs = |name: &str| {
            let entries = document["dependencies"].as_array().unwrap();
            entries.iter().find(|entry| entry["ref"] == name).unwrap()["dependsOn"].clone()
        };
        assert_eq!(needs(FILE), json!(["exotrace-fluent-bit@0.1.0"]));
        assert_eq!(needs("exotrace-fluent-bit@0.1.0"), json!(["exotrace-mapping@0.1.0", "rust-std"]));
        assert_eq!(needs("exotrace-mapping@0.1.0"), json!(["rust-std", "public-suffix-list"]));
        let standard_library =
            document["components"].as_array().unwrap().iter().find(|found| found["name"] == "rust-std");
        assert_eq!(standard_library.unwrap()["version"], "1.95.0");
    }

    #[test]
    fn a_file_that_does_not_say_what_it_is_is_named() {
        let folder = folder("silent");
        fs::write(folder.join(FILE), b"\0asm\x01\0\0\0").unwrap();
        checksums::write(&folder).unwrap();
        expect(
            &folder,
            &[
                "`fluent-bit.wasm` says no name",
                "`fluent-bit.wasm` says no version",
                "`fluent-bit.wasm` says no description",
                "`fluent-bit.wasm` says no licence",
                "`fluent-bit.wasm` says no source",
                "`fluent-bit.wasm` says no producers",
                "`fluent-bit.wasm` does not say that `Apache-2.0` is in it",
                "`fluent-bit.wasm` does not say that `MPL-2.0` is in it",
                "`fluent-bit.wasm` is not in `sbom.cdx.json`, or another file",
            ],
        );
        assert!(check(&folder).unwrap_err().to_string().ends_with("\nhint: `make components` writes the folder again"));
    }

    #[test]
    fn a_file_that_names_where_it_was_built_is_named() {
        let folder = folder("built");
        let bytes = folder::read(&folder.join(FILE)).unwrap();
        let path = CustomSection { name: "x".into(), data: b"/home/ann/.cargo/registry/x.rs".into() };
        fs::write(folder.join(FILE), [bytes, section(&path)].concat()).unwrap();
        checksums::write(&folder).unwrap();
        let problems = problems(&folder).unwrap();
        assert_eq!(problems[0], "`fluent-bit.wasm` names `/.cargo/`, a folder of the machine that it was built on");
    }

    fn section(section: &impl Section) -> Vec<u8> {
        let mut bytes = Vec::new();
        section.append_to(&mut bytes);
        bytes
    }

    #[test]
    fn an_sbom_that_does_not_say_what_a_file_is_made_of_is_named() {
        let folder = folder("unmade");
        change_text(&folder.join(sbom::FILE), r#""dependsOn":["exotrace-fluent-bit@0.1.0"]"#, r#""dependsOn":[]"#);
        checksums::write(&folder).unwrap();
        expect(&folder, &["`sbom.cdx.json` does not say what `fluent-bit.wasm` is made of"]);
    }

    #[test]
    fn licences_that_are_missing_are_named() {
        let folder = folder("licences");
        assert!(fs::read_to_string(folder.join(notices::NOTICES)).unwrap().contains("Mozilla Public License 2.0"));
        fs::remove_file(folder.join(notices::NOTICES)).unwrap();
        checksums::write(&folder).unwrap();
        expect(&folder, &["there is no `THIRD-PARTY-NOTICES.txt`"]);
    }

    #[test]
    fn a_wrong_checksum_is_named() {
        let folder = folder("checksum");
        change_text(&folder.join(sbom::FILE), "exotrace components", "exotrace component");
        fs::write(folder.join("more"), "").unwrap();
        expect(&folder, &["`more` is not in `SHA256SUMS`", "`sbom.cdx.json` is not what `SHA256SUMS` says"]);
        checksums::write(&folder).unwrap();
        fs::remove_file(folder.join("more")).unwrap();
        expect(&folder, &["`more` is in `SHA256SUMS` and not in the folder"]);
    }

    #[test]
    fn a_wit_package_that_says_something_else_than_the_files_is_named() {
        let folder = folder("contract");
        change_text(&folder.join("wit/geo.wit"), "lon: f64", "lon: f32");
        checksums::write(&folder).unwrap();
        expect(&folder, &["`wit.wasm` says `lon: f64,` where the files say `lon: f32,`"]);
    }

    #[test]
    fn an_sbom_that_leaves_something_out_is_named() {
        let folder = folder("sbom");
        change_text(&folder.join(sbom::FILE), r#""bom-ref":"rust-std""#, r#""bom-ref":"rust""#);
        checksums::write(&folder).unwrap();
        expect(&folder, &["`sbom.cdx.json` needs `rust-std`, and does not have it"]);
    }
}
