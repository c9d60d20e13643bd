//! What the steps of a delivery say: their order, the one that decided, and why mail did not arrive.
//!
//! Pure: no JSON, no I/O and no schema. Mappings and `exotrace trace --details` tell the same by it. An unknown event, an
//! unknown property and data that is cut are kept, and never an error.
#![forbid(unsafe_code)]

mod cause;
mod delivery;
mod evidence;
mod kind;
mod properties;
mod reply;
mod rule;
mod step;
mod tls;

pub use cause::{CAUSES, Cause};
pub use delivery::{DeliveryDetails, Server};
pub use properties::Properties;
pub use reply::Reply;
pub use rule::{Rule, RuleKind};
pub use step::{Event, Step};
pub use tls::Tls;
