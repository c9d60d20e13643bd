//! The page itself: one file of HTML with its style and its script, which loads nothing else.

use std::sync::LazyLock;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};

use super::{html::escape, question::StatusQuestion, report::PageReport, span::Span, tables};
use crate::support::time_text::time;

const HTML: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
/// One after the other, as one script.
const SCRIPTS: [&str; 4] =
    [include_str!("elements.js"), include_str!("charts.js"), include_str!("panels.js"), include_str!("page.js")];

static SCRIPT: LazyLock<String> = LazyLock::new(|| format!("\"use strict\";\n{}", SCRIPTS.concat()));

/// What the page may do: run its own script and style, and ask where it came from.
pub(super) static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        hash(SCRIPT.as_str()),
        hash(STYLE)
    )
});

/// What the page shows at first.
pub(super) enum PageContent<'c> {
    /// What is known.
    Report(&'c PageReport, &'c StatusQuestion, &'c [&'c str]),
    /// The question for the token, and why it is asked again.
    TokenForm(Option<&'c str>),
}

/// The page.
pub(super) fn page(content: &PageContent<'_>) -> String {
    let mut body = String::new();
    let mut form = String::new();
    let state = match content {
        PageContent::Report(report, question, sources) => {
            form = self::form(question, sources);
            let run = report
                .run
                .as_ref()
                .map_or_else(String::new, |run| format!(", process {} since {}", run.pid, time(run.began_at)));
            let head = format!("exotrace {}{run}; {} at {}", report.version, report.state.as_str(), time(report.at));
            body += &format!("<p class=\"about\">{}</p>\n", escape(&head));
            if !report.has_reasons {
                body += "<p class=\"about\">What services and outputs have said is shown only with a token \
                         (<code>listen_token_file</code>); <code>exotrace status</code> shows it, too.</p>\n";
            }
            tables::all(report, &mut body);
            "report"
        }
        PageContent::TokenForm(problem) => {
            body += &token_form(*problem);
            "token"
        }
    };
    let parts = [
        ("{style}", STYLE),
        ("{script}", SCRIPT.as_str()),
        ("{state}", state),
        ("{form}", form.as_str()),
        ("{main}", body.as_str()),
    ];
    fill(HTML, &parts)
}

/// Puts texts in their places, each once; what is put in is not looked at again.
fn fill(template: &str, parts: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((place, found)) = next_place(rest, parts) {
        let (before, behind) = rest.split_at(place);
        filled += before;
        filled += found.1;
        rest = behind.strip_prefix(found.0).unwrap_or_default();
    }
    filled + rest
}

fn next_place<'p>(text: &str, parts: &'p [(&'p str, &'p str)]) -> Option<(usize, &'p (&'p str, &'p str))> {
    parts.iter().filter_map(|part| text.find(part.0).map(|place| (place, part))).min_by_key(|(place, _)| *place)
}

/// Which time, and which source.
fn form(question: &StatusQuestion, sources: &[&str]) -> String {
    let mut form = "<form id=\"choice\" method=\"get\" action=\"/\">\n<label>time <select name=\"span\">".to_owned();
    form += &spans(question.span);
    form += "</select></label>\n<label>source <select name=\"source\">";
    form += &option("", "all", question.source.is_none());
    for source in sources {
        form += &option(source, source, question.source.as_deref() == Some(source));
    }
    form + "</select></label>\n<button>show</button>\n</form>\n"
}

fn spans(chosen: Span) -> String {
    Span::ALL.iter().map(|span| option(span.name(), span.title(), *span == chosen)).collect()
}

fn option(value: &str, title: &str, is_chosen: bool) -> String {
    let selected = if is_chosen { " selected" } else { "" };
    format!("<option value=\"{}\"{selected}>{}</option>", escape(value), escape(title))
}

/// Sent in the body, so that the token stands in no address and in no log.
fn token_form(problem: Option<&str>) -> String {
    let problem = problem
        .map_or_else(String::new, |problem| format!("<p role=\"alert\" id=\"problem\">{}</p>\n", escape(problem)));
    format!(
        "<section aria-labelledby=\"token-title\">\n<h2 id=\"token-title\">This page needs a token</h2>\n\
         <p>It is in the file that <code>listen_token_file</code> names. The page keeps it in memory alone, until it is \
         closed or reloaded.</p>\n{problem}<form id=\"token-form\" method=\"post\" action=\"/\" autocomplete=\"off\">\n\
         <label>token <input type=\"password\" name=\"token\" required autocomplete=\"off\" spellcheck=\"false\"></label>\n\
         <label>time <select name=\"span\">{}</select></label>\n<button>show</button>\n</form>\n</section>\n",
        spans(Span::default())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once() {
        let parts = [("{a}", "{b}{a}"), ("{b}", "2")];
        assert_eq!(fill("x{a}y{b}z{a}", &parts), "x{b}{a}y2z{b}{a}");
    }

    /// One `</script>` in the script would end it.
    #[test]
    fn the_script_and_the_style_stay_in_their_elements() {
        assert!(!SCRIPT.contains("</"), "write `<\\/`, or build elements");
        assert!(!STYLE.contains("</"));
        let page = page(&PageContent::TokenForm(Some("<b>")));
        assert!(page.contains("&lt;b&gt;") && page.contains(SCRIPT.as_str()) && page.contains(STYLE));
        for outside in ["http://", "https://", "//cdn", "@import", "url("] {
            assert!(!page.replace("http://www.w3.org/2000/svg", "").contains(outside), "{outside}");
        }
    }
}
