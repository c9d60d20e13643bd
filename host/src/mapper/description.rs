//! What a component says it is.

use semver::Version;

use super::component_error::ComponentError;

/// What a component says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Name of the mapping, for people.
    pub name: String,
    /// Version of the mapping.
    pub mapping_version: String,
    /// The ECS version that its documents follow.
    pub ecs_version: String,
    /// The version of the WIT contract that it was built with.
    pub wit_version: String,
}

/// The longest name and version that a component may have, in characters.
const MAX_TEXT: usize = 100;

/// What a component says of itself is shown, logged and a label of metrics.
pub(super) fn check_description(description: &Description) -> Result<(), ComponentError> {
    let Description { name, mapping_version, ecs_version, wit_version: _ } = description;
    let texts = [("name", name), ("version", mapping_version), ("ECS version", ecs_version)];
    for (what, text) in texts {
        if text.chars().count() > MAX_TEXT {
            return Err(ComponentError::Text { what, problem: "is longer than 100 characters" });
        }
        if text.chars().any(char::is_control) {
            return Err(ComponentError::Text { what, problem: "has control characters" });
        }
    }
    if Version::parse(mapping_version).is_err() {
        return Err(ComponentError::Text { what: "version", problem: "is no semantic version, such as `1.2.3`" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_component_says_of_itself_can_be_shown() {
        let description = |name: &str, version: &str| Description {
            name: name.to_owned(),
            mapping_version: version.to_owned(),
            ecs_version: "8.11.0".to_owned(),
            wit_version: "0.1.0".to_owned(),
        };
        let problem = |name: &str, version: &str| {
            check_description(&description(name, version)).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(problem("mail", "1.2.3-beta.1+build"), "");
        assert_eq!(problem(&"n".repeat(101), "1.2.3"), "its name is longer than 100 characters");
        assert_eq!(problem("\x1b]0;pwned\x07", "1.2.3"), "its name has control characters");
        assert_eq!(problem("mail", "1.2"), "its version is no semantic version, such as `1.2.3`");
        let long = format!("1.2.3-{}", "a".repeat(100));
        assert_eq!(problem("mail", &long), "its version is longer than 100 characters");
    }
}
