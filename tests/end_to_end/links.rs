//! What the documentation and the comments in the code lead to is there.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    harness::project,
    readme::{pages, read, sources},
};

/// Whether a page or a folder is there.
fn is_there(path: &Path) -> bool {
    project().join(path).exists()
}

/// What the section under a heading is called in links.
fn section(heading: &str) -> String {
    let name = heading.trim_start_matches('#').trim().to_lowercase();
    name.replace(' ', "-").chars().filter(|it| it.is_alphanumeric() || "-_".contains(*it)).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut links = 0;
    for (page, text) in pages() {
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in targets.filter(|link| !link.contains("://")) {
            let (file, name) = link.split_once('#').unwrap_or((link, ""));
            let folder = Path::new(&page).parent().unwrap();
            let path = if file.is_empty() { PathBuf::from(&page) } else { folder.join(file) };
            assert!(is_there(&path), "{page}: nothing is at `{link}`");
            let has_section = || {
                let text = fs::read_to_string(project().join(&path)).unwrap();
                text.lines().any(|line| line.starts_with('#') && section(line) == name)
            };
            assert!(name.is_empty() || has_section(), "{page}: no section is at `{link}`");
            links += 1;
        }
    }
    assert!(links > 80, "{links}");
}

/// The pages that a page leads to.
fn linked(page: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(page).unwrap();
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    let pages = targets.filter(|target| target.ends_with(".md") && !target.contains("://"));
    pages.map(|target| page.parent().unwrap().join(target).canonicalize().unwrap()).collect()
}

#[test]
fn every_page_is_two_clicks_from_the_readme() {
    let readme = project().join("README.md").canonicalize().unwrap();
    let lines = fs::read_to_string(&readme).unwrap().lines().count();
    assert!(lines <= 150, "the README has {lines} lines");
    let first = linked(&readme);
    let second = first.iter().flat_map(|page| linked(page));
    let reached: BTreeSet<_> = second.chain(first.clone()).collect();
    for (page, _) in pages() {
        let path = project().join(&page).canonicalize().unwrap();
        assert!(path == readme || reached.contains(&path), "{page} is not two clicks from the README");
    }
}

/// Whether a page of facts has a section or a row of this number.
fn has_number(page: &str, number: &str) -> bool {
    page.lines().any(|line| {
        let words: Vec<_> = line.split(' ').collect();
        line.starts_with(['#', '|']) && words.get(1).is_some_and(|word| word.trim_end_matches('.') == number)
    })
}

#[test]
fn every_citation_in_a_comment_leads_somewhere() {
    let mut code = String::new();
    for room in ["host", "guest", "tests"] {
        sources(&project().join(room), &mut code);
    }
    let comments = code.lines().filter_map(|line| line.trim().strip_prefix("//"));
    let words: Vec<_> = comments.flat_map(|comment| comment.trim_start_matches(['/', '!']).split(' ')).collect();
    let mut numbers = 0;
    for (at, word) in words.iter().enumerate() {
        let page = word.trim_matches(|it: char| !it.is_alphanumeric());
        if !page.ends_with(".md") {
            continue;
        }
        assert!(is_there(Path::new(page)), "a comment cites `{page}`");
        let mut following = words[at + 1..].iter().copied().filter(|word| !word.is_empty());
        if following.next().is_some_and(|kind| ["section", "sections", "row"].contains(&kind)) {
            let text = read(page);
            let cited = following.take_while(|it| *it == "and" || it.starts_with(|it: char| it.is_ascii_digit()));
            for number in cited.filter(|it| *it != "and") {
                let number = number.trim_matches(|it: char| !it.is_alphanumeric());
                assert!(has_number(&text, number), "{page} has no section or row {number}");
                numbers += 1;
            }
        }
    }
    assert!(numbers > 40, "{numbers}");
}
