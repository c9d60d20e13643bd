//! The manual page of the settings file, made of the reference in the documentation.

use clap_mangen::roff::{Inline, Roff, bold, roman};

/// A test compares its table with the doc comments of the settings.
const REFERENCE: &str = include_str!("../../../docs/settings.md");

/// The page in the language of `man`, with what stands at its bottom.
pub(super) fn page(source: &str) -> String {
    let mut roff = Roff::new();
    // As for commands, a blank in place of the date.
    roff.control("TH", ["exotrace.toml", "5", " ", source, "exotrace"]);
    roff.control("SH", ["NAME"]).text([roman("exotrace.toml - settings of exotrace")]);
    roff.control("SH", ["DESCRIPTION"]);
    add(&mut roff, REFERENCE);
    roff.control("SH", ["FILES"]).text([bold("/etc/exotrace/exotrace.toml")]);
    roff.control("SH", ["SEE ALSO"]).text([bold("exotrace"), roman("(1), "), bold("exotrace-check"), roman("(1)")]);
    roff.render()
}

/// Adds what stands in Markdown: headings, paragraphs, lists, tables of two columns and blocks of code, which is all
/// that the reference has.
fn add(roff: &mut Roff, markdown: &str) {
    let mut is_code = false;
    for line in markdown.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
            roff.control(if is_code { "EX" } else { "EE" }, []);
        } else if is_code {
            roff.text([roman(line)]);
        } else if let Some(heading) = line.strip_prefix("## ") {
            roff.control("SH", [heading.to_uppercase().as_str()]);
        } else if let Some(heading) = line.strip_prefix("### ") {
            roff.control("SS", [heading]);
        } else if let Some(item) = line.strip_prefix("- ") {
            roff.control("IP", ["*", "2"]).text(inlines(item));
        } else if let Some((term, meaning)) = row(line) {
            roff.control("TP", []).text(inlines(term)).text(inlines(meaning));
        } else if line.is_empty() {
            roff.control("PP", []);
        } else if !line.starts_with(['#', '|', '<']) {
            roff.text(inlines(line));
        }
    }
}

/// The first cell of a row of a table and the others; nothing of its head.
fn row(line: &str) -> Option<(&str, &str)> {
    let (term, meaning) = line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | ")?;
    term.starts_with('`').then_some((term, meaning))
}

/// Code is bold, and of a link there is its text.
fn inlines(text: &str) -> Vec<Inline> {
    let mut parts = Vec::new();
    for (place, part) in text.split('`').enumerate() {
        parts.push(if place % 2 == 1 { bold(part) } else { roman(without_links(part)) });
    }
    parts
}

fn without_links(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::new();
    while let Some((before, link)) = rest.split_once('[') {
        let Some(((name, _), after)) =
            link.split_once(')').and_then(|(link, after)| Some((link.split_once("](")?, after)))
        else {
            break;
        };
        plain.push_str(before);
        plain.push_str(name);
        rest = after;
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_every_setting() {
        let page = page("exotrace 1.2.3");
        let mut settings = 0;
        for (term, _) in REFERENCE.lines().filter_map(row) {
            let key = term.trim_matches('`').split('`').next().unwrap();
            assert!(page.contains(&format!(".TP\n\\fB{key}\\fR")), "{key}");
            settings += 1;
        }
        assert!(settings > 50, "{settings}");
    }

    #[test]
    fn markdown_becomes_the_language_of_man() {
        let mut roff = Roff::new();
        add(
            &mut roff,
            "# Title\n\n<!-- mark -->\n## Part\nSee [x](y.md), [0] and `k`.\n- item\n\n| key | meaning |\n|---|---|\n| `a` | b |\n```toml\n.x = 1\n```\n",
        );
        let text = roff.to_roff();
        for expected in [
            ".SH PART\n",
            "See x, [0] and \\fBk\\fR.\n",
            ".IP * 2\nitem\n",
            ".TP\n\\fBa\\fR\nb\n",
            ".EX\n\\&.x = 1\n.EE\n",
        ] {
            assert!(text.contains(expected), "no {expected:?} in {text}");
        }
        assert!(!text.contains("meaning") && !text.contains("mark") && !text.contains("---"), "{text}");
    }
}
