//! Puts what a module cannot be told later into it: settings and geo databases, checked here.

use std::error::Error;

use exotrace_mapping::Session;

mod embed;
#[path = "src/settings.rs"]
#[expect(unreachable_pub, reason = "the library's own")]
mod settings;

use settings::Settings;

fn main() -> Result<(), Box<dyn Error>> {
    embed::file("EXOTRACE_MODULE_SETTINGS", "settings.json", check_settings)?;
    embed::databases()
}

fn check_settings(bytes: Vec<u8>) -> Result<(), Box<dyn Error>> {
    let settings: Settings = serde_json::from_slice(&bytes)?;
    if settings.privacy_key.is_some() || settings.previous_privacy_key.is_some() {
        return Err(
            "a key would be in the file of the module\nhint: give it to the pipeline that runs the module".into()
        );
    }
    Session::open(settings.mapping, &settings.of_session())?;
    Ok(())
}
