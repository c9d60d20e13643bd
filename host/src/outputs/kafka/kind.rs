//! What the program asks of an output of type `kafka` before there is one.

use super::settings::KafkaOutputConfig;
use crate::pipeline::{Output, OutputError, OutputSettings, SettingProblem};

impl OutputSettings for KafkaOutputConfig {
    fn kind(&self) -> &'static str {
        "kafka"
    }

    #[cfg(feature = "kafka")]
    fn build(&self) -> Result<Box<dyn Output>, OutputError> {
        Ok(Box::new(super::kafka_output::KafkaOutput::new(self)))
    }

    #[cfg(not(feature = "kafka"))]
    fn build(&self) -> Result<Box<dyn Output>, OutputError> {
        let problem = format!("this program is built without Kafka\nhint: {}", crate::kafka::NOT_BUILT_IN);
        Err(OutputError::new(problem, crate::pipeline::Outlook::Permanent))
    }

    fn default_name(&self) -> String {
        format!("kafka {}", self.topic)
    }

    #[cfg(feature = "kafka")]
    fn check(&self) -> Vec<SettingProblem> {
        crate::kafka::check(&self.client).map(|(key, text)| SettingProblem::error(key, &text)).into_iter().collect()
    }

    #[cfg(not(feature = "kafka"))]
    fn check(&self) -> Vec<SettingProblem> {
        Vec::new()
    }

    fn written_streams(&self) -> Vec<String> {
        self.client.brokers.iter().map(|broker| format!("{broker}/{}", self.topic)).collect()
    }

    fn needs_tenant(&self) -> Option<&'static str> {
        self.topic.contains("{tenant}").then_some("topic")
    }
}
