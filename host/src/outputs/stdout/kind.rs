//! What the program asks of an output of type `stdout` before there is one.

use super::{StdoutOutput, settings::StdoutConfig};
use crate::pipeline::{Output, OutputError, OutputSettings};

impl OutputSettings for StdoutConfig {
    fn kind(&self) -> &'static str {
        "stdout"
    }

    fn build(&self) -> Result<Box<dyn Output>, OutputError> {
        Ok(Box::new(StdoutOutput::new()))
    }

    fn default_name(&self) -> String {
        "stdout".to_owned()
    }
}
