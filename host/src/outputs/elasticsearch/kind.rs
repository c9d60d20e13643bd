//! What the program asks of an output of type `elasticsearch` before there is one.

use super::{ElasticsearchOutput, settings::ElasticsearchConfig};
use crate::{
    outputs::client_settings::{self, Authentication, host},
    pipeline::{Output, OutputError, OutputSettings, SettingProblem},
};

impl OutputSettings for ElasticsearchConfig {
    fn kind(&self) -> &'static str {
        "elasticsearch"
    }

    fn build(&self) -> Result<Box<dyn Output>, OutputError> {
        Ok(Box::new(ElasticsearchOutput::new(self)?))
    }

    fn default_name(&self) -> String {
        format!("elasticsearch {}", self.urls.first().map_or("", host))
    }

    fn advise(&self) -> Vec<SettingProblem> {
        if self.authentication != Authentication::None || self.connection.certificate.is_some() {
            return Vec::new();
        }
        vec![SettingProblem::warning(
            "api_key",
            " is missing, and so is any other credential\nhint: `api_key`, `api_key_file`, or `username` and `password`; \
             right only for a cluster without security",
        )]
    }

    fn check(&self) -> Vec<SettingProblem> {
        client_settings::check(self.build().err(), &self.connection, &self.authentication)
    }
}
