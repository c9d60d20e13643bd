//! Puts geo databases into the provider, for pipelines that give a component no folder to read them from.

use std::error::Error;

#[path = "../module/embed.rs"]
mod embed;

fn main() -> Result<(), Box<dyn Error>> {
    embed::databases()
}
