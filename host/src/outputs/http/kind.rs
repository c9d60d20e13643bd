//! What the program asks of an output of type `http` before there is one.

use super::{HttpOutput, settings::HttpConfig};
use crate::{
    outputs::client_settings::{self, host},
    pipeline::{Output, OutputError, OutputSettings, SettingProblem},
};

impl OutputSettings for HttpConfig {
    fn kind(&self) -> &'static str {
        "http"
    }

    fn build(&self) -> Result<Box<dyn Output>, OutputError> {
        Ok(Box::new(HttpOutput::new(self)?))
    }

    fn default_name(&self) -> String {
        format!("http {}", host(&self.url))
    }

    fn check(&self) -> Vec<SettingProblem> {
        client_settings::check(self.build().err(), &self.connection, &self.authentication)
    }
}
