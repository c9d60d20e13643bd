//! JSON as text: checked in one pass, kept as slices, decoded only where the meaning of a string matters.
//!
//! By hand, because `serde_json` takes 19 times as long in WebAssembly to cut a record into raw values (V8, a Graph record
//! of 400 bytes); `make bench` shows the same natively.

mod block;
mod prune;
mod scan;
mod text;
mod under;
mod value;
mod write;

pub(crate) use prune::{copy_pruned, last_of_each, push_key};
pub(crate) use scan::{Scanner, SyntaxError};
pub(crate) use text::decode;
pub use under::text_under;
pub(crate) use value::{Kind, Member, Raw};
pub(crate) use write::{Buffer, build};
