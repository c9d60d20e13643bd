//! `${NAME}` and `${NAME:-default}` inside of values.

/// The value of an environment variable.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Whether a variable is set, and to something.
pub(crate) fn is_set(name: &str) -> bool {
    variable(name).is_some_and(|value| !value.is_empty())
}

/// Whether a terminal may be given colours (no-color.org).
pub(crate) fn wants_colours() -> bool {
    !is_set("NO_COLOR") && variable("TERM").is_none_or(|term| term != "dumb")
}

/// The path that a variable names.
pub(crate) fn path(name: &str) -> Option<std::path::PathBuf> {
    variable(name).filter(|path| !path.is_empty()).map(Into::into)
}

/// Whether the environment names a proxy for addresses of this scheme.
pub(crate) fn has_proxy(scheme: &str) -> bool {
    let names = [format!("{scheme}_proxy"), "all_proxy".to_owned()];
    names.iter().any(|name| {
        [name.clone(), name.to_uppercase()].iter().any(|name| variable(name).is_some_and(|it| !it.is_empty()))
    })
}

/// Puts values in for the names of variables; an error is the name of one that is not set.
/// A `$` that no `{` follows stands for itself.
pub(crate) fn expand(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((reference, tail)) = after.split_once('}') else { break };
        expanded.push_str(before);
        let (name, default) = reference.split_once(":-").map_or((reference, None), |(name, value)| (name, Some(value)));
        // As in a shell, an empty variable takes the default as well.
        let value = variable(name).filter(|value| !value.is_empty() || default.is_none());
        match value.as_deref().or(default) {
            Some(value) => expanded.push_str(value),
            None => return Err(name.to_owned()),
        }
        rest = tail;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// What a shell would put something in for, and the settings do not: `$NAME`, and `~` at the beginning.
pub(super) fn unexpanded(path: &str) -> Option<&str> {
    if path == "~" || path.starts_with("~/") {
        return Some("~");
    }
    for (at, _) in path.match_indices('$') {
        let rest = path.get(at + 1..).unwrap_or_default();
        let length = rest.find(|it: char| !it.is_ascii_alphanumeric() && it != '_').unwrap_or(rest.len());
        if length > 0 && !rest.starts_with(|it: char| it.is_ascii_digit()) {
            return path.get(at..=at + length);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let variable = |name: &str| match name {
            "SET" => Some("v#\"$".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        assert_eq!(expand(text, &variable).as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn variables_are_put_in() {
        check("plain $ {x} $SET", Ok("plain $ {x} $SET"));
        check("a ${SET} b ${SET}", Ok("a v#\"$ b v#\"$"));
        check("${NOT_SET:-default}${EMPTY:-empty}${EMPTY}", Ok("defaultempty"));
        check("${NOT_SET}", Err("NOT_SET"));
        check("${open", Ok("${open"));
    }

    #[test]
    fn what_a_shell_would_put_in_is_seen() {
        for (path, expected) in [
            ("$HOME/a", Some("$HOME")),
            ("a/$USER", Some("$USER")),
            ("~/a", Some("~")),
            ("a~/b", None),
            ("${HOME}/a", None),
            ("a$1", None),
            ("a$", None),
        ] {
            assert_eq!(unexpanded(path), expected, "{path}");
        }
    }
}
