//! Which licences count for what is made of several parts.

use std::collections::BTreeSet;

/// Of several that may be chosen, the first of these.
const CHOSEN: [&str; 2] = ["Apache-2.0", "MIT"];

/// The licences that an expression of SPDX asks for; where there is a choice, it is made.
pub(crate) fn terms(expression: &str) -> BTreeSet<String> {
    expression.split(" AND ").map(|part| choose(part.trim_start_matches('(').trim_end_matches(')'))).collect()
}

/// An expression that asks for all of these.
pub(crate) fn expression(terms: &BTreeSet<String>) -> String {
    terms.iter().map(String::as_str).collect::<Vec<_>>().join(" AND ")
}

fn choose(part: &str) -> String {
    let alternatives: Vec<&str> = part.split(" OR ").collect();
    let chosen = CHOSEN.into_iter().find(|license| alternatives.contains(license));
    chosen.or(alternatives.first().copied()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_made_and_all_else_counts() {
        let check = |text: &str, expected: &str| assert_eq!(expression(&terms(text)), expected);
        check("MIT OR Apache-2.0", "Apache-2.0");
        check("Unlicense OR MIT", "MIT");
        check("Zlib", "Zlib");
        check("(Apache-2.0 WITH LLVM-exception OR MIT) AND MIT AND BSD-2-Clause", "BSD-2-Clause AND MIT");
        check("(MIT OR Apache-2.0) AND Unicode-3.0", "Apache-2.0 AND Unicode-3.0");
    }
}
