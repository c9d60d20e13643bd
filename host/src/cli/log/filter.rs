//! What is logged: levels, and modules with a level.

/// The levels.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// What has something to say: this program and what it is made of.
const MODULES: [&str; 15] = [
    "axum",
    "cranelift_codegen",
    "exotrace",
    "exotrace_code_cache",
    "exotrace_geo",
    "exotrace_simulator",
    "h2",
    "hyper",
    "hyper_util",
    "mio",
    "reqwest",
    "rustls",
    "tokio",
    "wasmtime",
    "wasmtime_internal_cranelift",
];

/// Somebody wants a level that there is not.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid value `{value}` for `{place}`: {problem}\nhint: a level, one of {}; or a module with a level, as \
     `exotrace::sources=debug`; several are separated by commas",
    LEVELS.join(", ")
)]
pub(crate) struct WrongLevel {
    place: &'static str,
    value: String,
    problem: String,
}

/// The same in the form that `EnvFilter` reads. A filter of modules alone leaves all others as they are.
pub(super) fn filter(place: &'static str, value: &str) -> Result<String, WrongLevel> {
    let wrong = |problem: String| WrongLevel { place, value: value.to_owned(), problem };
    let (mut level, mut modules) = (None, Vec::new());
    for part in value.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let is_level = |text: &str| LEVELS.contains(&text.to_lowercase().as_str());
        match part.split_once('=') {
            None if is_level(part) => level = Some(part.to_lowercase()),
            None => return Err(wrong(format!("`{part}` is not a level"))),
            Some((module, of_it)) => {
                let (module, of_it) = (module.trim(), of_it.trim());
                let root = module.split("::").next().unwrap_or_default();
                let is_path = module.chars().all(|it| it.is_ascii_alphanumeric() || "_:".contains(it));
                if !MODULES.contains(&root) || !is_path {
                    return Err(wrong(format!("`{module}` is not a module; known are {}", MODULES.join(", "))));
                }
                if !is_level(of_it) {
                    return Err(wrong(format!("`{of_it}` is not a level")));
                }
                modules.push(format!("{module}={}", of_it.to_lowercase()));
            }
        }
    }
    modules.insert(0, level.unwrap_or_else(|| "info".to_owned()));
    Ok(modules.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: &str) {
        assert_eq!(filter("EXOTRACE_LOG", value).unwrap(), expected);
    }

    #[test]
    fn levels_and_modules_are_taken() {
        check("", "info");
        check("debug", "debug");
        check(" WARN ", "warn");
        check("off", "off");
        check("exotrace=trace", "info,exotrace=trace");
        check("error, exotrace::sources=debug,hyper=off,", "error,exotrace::sources=debug,hyper=off");
    }

    #[test]
    fn a_filter_that_would_turn_logs_off_by_mistake_is_refused() {
        for value in
            ["inof", "exotrace", "exotrace=inof", "exotrce=debug", "info;debug", "=", "1", "exotrace::[x]=info"]
        {
            let error = filter("EXOTRACE_LOG", value).unwrap_err().to_string();
            assert!(error.starts_with(&format!("invalid value `{value}` for `EXOTRACE_LOG`: ")), "{error}");
            assert!(error.contains("\nhint: a level, one of off, error, warn, info, debug, trace; or "), "{error}");
        }
    }
}
