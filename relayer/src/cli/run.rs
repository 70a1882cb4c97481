use super::ConfigFile;
use crate::compose::{self, Wrapping};
use clap::Args;
use phat_telemetry::{LogFilter, LogFormat, LogSettings, Settings};

/// Watches, executes, submits and settles until SIGTERM or SIGINT.
#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    file: ConfigFile,
    /// What to log, instead of the configuration's log.filter: a level, or directives.
    #[arg(long, value_name = "FILTER", env = "RUST_LOG")]
    log: Option<LogFilter>,
    /// How log lines look, instead of the configuration's log.format: human or json.
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

impl Run {
    pub(super) async fn run(self, wrapping: &impl Wrapping) -> anyhow::Result<()> {
        let config = self.file.load()?;
        let LogSettings { filter, format } = config.log.clone();
        let log = LogSettings { filter: self.log.unwrap_or(filter), format: self.log_format.unwrap_or(format) };
        let settings =
            Settings { service: "phat-relayer", version: env!("CARGO_PKG_VERSION"), log, otlp: config.otlp.clone() };
        let telemetry = phat_telemetry::start(&settings)?;
        let ran = compose::run(config, wrapping).await;
        telemetry.stop().await;
        ran
    }
}
