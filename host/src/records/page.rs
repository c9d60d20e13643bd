//! Pages of Microsoft's services: an object with the rows in `value`.

use serde::Deserialize;
use serde_json::value::RawValue;

/// What a page looks like: the services' own mark, and at least one row (ms-api.md, sections 1.8 and 2.2).
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(rename = "@odata.context", alias = "odata.metadata", borrow)]
    _context: &'a RawValue,
    #[serde(borrow)]
    value: Vec<&'a RawValue>,
}

/// The rows of a page, as the text they came as; `None` when the text is no page or has no rows.
pub fn rows(text: &str) -> Option<Vec<&RawValue>> {
    // Looked for first, because nearly every text is a record.
    if !text.contains("odata.") {
        return None;
    }
    let page: Page<'_> = serde_json::from_str(text).ok()?;
    (!page.value.is_empty()).then_some(page.value)
}
