//! Writes HTML: every text that is put in is escaped, wherever it comes from.

use crate::support::shown;

/// A table with a heading.
pub(super) struct Table<'t> {
    /// Names the section, for links.
    pub(super) id: &'t str,
    pub(super) title: &'t str,
    pub(super) columns: &'t [&'t str],
    pub(super) rows: Vec<Vec<String>>,
    /// What stands in place of a table without rows.
    pub(super) empty: &'t str,
}

/// Writes a section with a table; the first cell of a row names the row.
pub(super) fn table(table: &Table<'_>, output: &mut String) {
    let Table { id, title, columns, rows, empty } = table;
    let (id, title) = (escape(id), escape(title));
    *output += &format!("<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{title}</h2>\n");
    if rows.is_empty() {
        *output += &format!("<p class=\"empty\">{}</p>\n</section>\n", escape(empty));
        return;
    }
    *output += &format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"{id}-title\">\n<table>\n<thead><tr>"
    );
    for column in *columns {
        *output += &format!("<th scope=\"col\">{}</th>", escape(column));
    }
    *output += "</tr></thead>\n<tbody>\n";
    for row in rows {
        *output += "<tr>";
        for (place, cell) in row.iter().enumerate() {
            let text = escape(cell);
            *output += &if place == 0 { format!("<th scope=\"row\">{text}</th>") } else { format!("<td>{text}</td>") };
        }
        *output += "</tr>\n";
    }
    *output += "</tbody>\n</table>\n</div>\n</section>\n";
}

/// Writes a list of texts.
pub(super) fn list(texts: &[String], output: &mut String) {
    *output += "<ul>\n";
    texts.iter().for_each(|text| *output += &format!("<li>{}</li>\n", escape(text)));
    *output += "</ul>\n";
}

/// A text as HTML has it, in an element or in an attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    // What cannot be seen, and what turns the text behind it around, is spelled out.
    for character in shown::lines(text).chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_text() {
        let text = "<script>alert('x')</script> & \"more\"\u{202e}\u{0}";
        assert_eq!(
            escape(text),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;more&quot;\\u{202e}\\u{0}"
        );
        let mut written = String::new();
        let row = vec![text.to_owned(), text.to_owned()];
        table(&Table { id: "t", title: text, columns: &[text, "b"], rows: vec![row], empty: "" }, &mut written);
        list(&[text.to_owned()], &mut written);
        assert!(!written.contains("<script") && !written.contains("\"more\""), "{written}");
    }
}
