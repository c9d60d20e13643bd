//! A setting as it stands in the file.

use toml::Spanned;

/// The value of a setting and where it stands; none when it is left out.
pub(crate) type Setting<T> = Option<Spanned<T>>;
