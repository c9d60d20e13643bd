//! Which subject documents go to, and how much goes at once.

/// The variable with the subject that records arrive on, without what names a tenant.
const INPUT: &str = "EXOTRACE_SUBJECT_IN";

/// The variable with the subject that documents go to.
const OUTPUT: &str = "EXOTRACE_SUBJECT_OUT";

/// The variable with the longest message, in bytes.
const MAX_BYTES: &str = "EXOTRACE_MAX_MESSAGE_BYTES";

/// Subjects of the settings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Subjects {
    input: String,
    output: String,
    max_bytes: usize,
}

impl Default for Subjects {
    fn default() -> Self {
        // A little less than what a server of NATS takes unless it is told otherwise, 1 MiB.
        Self { input: "exotrace.raw".to_owned(), output: "exotrace.documents".to_owned(), max_bytes: 1_000_000 }
    }
}

impl Subjects {
    /// Takes a setting, and returns whether it was one of these.
    ///
    /// # Errors
    ///
    /// When its value cannot be used.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<bool, String> {
        match name {
            INPUT => self.input = subject(name, value)?,
            OUTPUT => self.output = subject(name, value)?,
            MAX_BYTES => {
                let bytes = value.parse().ok().filter(|bytes| *bytes > 0);
                self.max_bytes = bytes.ok_or_else(|| format!("`{name}` is a number of bytes, not `{value}`"))?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whether documents could come back as records.
    ///
    /// # Errors
    ///
    /// When they could.
    pub(crate) fn check(&self) -> Result<(), String> {
        if below(&self.output, &self.input).is_some() || below(&self.input, &self.output).is_some() {
            let (input, output) = (&self.input, &self.output);
            return Err(format!(
                "documents would come back as records: `{output}` ({OUTPUT}) and `{input}` ({INPUT}) are one subject, or one is below the other"
            ));
        }
        Ok(())
    }

    /// The subject for the documents of a message: what names a tenant behind that of records stays behind that of
    /// documents.
    ///
    /// # Errors
    ///
    /// When the message is one with documents.
    pub(crate) fn of_documents(&self, arrived_on: &str) -> Result<String, String> {
        if below(arrived_on, &self.output).is_some() {
            return Err(format!(
                "a message on `{arrived_on}` has documents, not records\nhint: set `subscriptions` to `{0}` and `{0}.>`",
                self.input
            ));
        }
        Ok(format!("{}{}", self.output, below(arrived_on, &self.input).unwrap_or_default()))
    }

    /// Cuts documents, one a line, into messages. A document that is longer than a message may be goes alone.
    pub(crate) fn messages<'a>(&self, documents: &'a str) -> Vec<&'a str> {
        let mut found = Vec::new();
        let mut rest = documents;
        while !rest.is_empty() {
            let mut end = 0;
            for line in rest.split_inclusive('\n') {
                if end > 0 && end + line.len() > self.max_bytes {
                    break;
                }
                end += line.len();
            }
            let (message, after) = rest.split_at(end);
            found.push(message);
            rest = after;
        }
        found
    }
}

/// What stands behind `parent` in a subject below it, with its point; nothing for `parent` itself.
fn below<'a>(subject: &'a str, parent: &str) -> Option<&'a str> {
    subject.strip_prefix(parent).filter(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn subject(name: &str, value: &str) -> Result<String, String> {
    let is_token = |token: &str| {
        !token.is_empty() && !token.contains(|c: char| c.is_whitespace() || c.is_control() || "*>".contains(c))
    };
    if value.split('.').all(is_token) {
        Ok(value.to_owned())
    } else {
        Err(format!("`{name}` is a subject such as `exotrace.raw`, without wildcards and blanks, not `{value}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subjects(settings: &[(&str, &str)]) -> Result<Subjects, String> {
        let mut subjects = Subjects::default();
        for (name, value) in settings {
            assert!(subjects.set(name, value)?, "{name}");
        }
        subjects.check()?;
        Ok(subjects)
    }

    #[test]
    fn what_names_a_tenant_stays() {
        let subjects = subjects(&[]).unwrap();
        for (arrived_on, expected) in [
            ("exotrace.raw", "exotrace.documents"),
            ("exotrace.raw.contoso", "exotrace.documents.contoso"),
            ("exotrace.raw.eu.contoso", "exotrace.documents.eu.contoso"),
            ("exotrace.rawest", "exotrace.documents"),
            ("elsewhere", "exotrace.documents"),
        ] {
            assert_eq!(subjects.of_documents(arrived_on).unwrap(), expected, "{arrived_on}");
        }
    }

    #[test]
    fn documents_never_come_back() {
        for arrived_on in ["exotrace.documents", "exotrace.documents.contoso"] {
            let error = subjects(&[]).unwrap().of_documents(arrived_on).unwrap_err();
            assert!(error.contains("hint: set `subscriptions` to `exotrace.raw` and `exotrace.raw.>`"), "{error}");
        }
        for (input, output) in [("a", "a"), ("a", "a.b"), ("a.b", "a")] {
            let error = subjects(&[(INPUT, input), (OUTPUT, output)]).unwrap_err();
            assert!(error.starts_with("documents would come back as records: "), "{error}");
        }
        assert!(subjects(&[(INPUT, "a.raw"), (OUTPUT, "a.rawest")]).is_ok());
    }

    #[test]
    fn values_that_cannot_be_used_are_named() {
        for value in ["", "a..b", ".a", "a.", "a.*", "a.>", "a b", "a\n"] {
            assert!(
                subjects(&[(OUTPUT, value)]).unwrap_err().starts_with("`EXOTRACE_SUBJECT_OUT` is a subject such as"),
                "{value:?}"
            );
        }
        for value in ["0", "", "1 MiB", "-1"] {
            assert!(
                subjects(&[(MAX_BYTES, value)]).unwrap_err().starts_with("`EXOTRACE_MAX_MESSAGE_BYTES` is a number"),
                "{value}"
            );
        }
        assert_eq!(Subjects::default().set("EXOTRACE_TAG", "x"), Ok(false));
    }

    #[test]
    fn messages_end_with_a_line_and_are_no_longer_than_they_may_be() {
        let subjects = subjects(&[(MAX_BYTES, "6")]).unwrap();
        assert_eq!(subjects.messages("12\n34\n5678901\n1\n2\n"), ["12\n34\n", "5678901\n", "1\n2\n"]);
        assert_eq!(subjects.messages(""), [""; 0]);
        assert_eq!(subjects.messages("123456\n1"), ["123456\n", "1"]);
    }
}
