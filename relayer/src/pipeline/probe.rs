//! Stage `probe`: looks at endpoints that nothing was heard of for long, and brings back those that were taken out.

use super::{Progress, Stage, StageError};
use async_trait::async_trait;
use phat_connector::EndpointPool;
use std::sync::Arc;

/// Probes one chain's endpoints. Beside the stages of requests, since it waits for those that hang.
pub struct ProbeStage {
    chain: Arc<str>,
    endpoints: Arc<dyn EndpointPool>,
}

impl ProbeStage {
    /// A stage for the chain of that name.
    #[must_use]
    pub fn new(chain: Arc<str>, endpoints: Arc<dyn EndpointPool>) -> Self {
        Self { chain, endpoints }
    }
}

#[async_trait]
impl Stage for ProbeStage {
    fn name(&self) -> &'static str {
        "probe"
    }

    fn chain(&self) -> &str {
        &self.chain
    }

    async fn step(&mut self) -> Result<Progress, StageError> {
        Ok(Progress::Soon(self.endpoints.probe().await))
    }
}
