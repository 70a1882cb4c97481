//! Who may change something through the HTTP API: nobody from another machine, unless the operator says so, and
//! nobody without the token.

use anyhow::{Result, ensure};
use phat_e2e::{CommandFailed, Environment};
use reqwest::{Client, StatusCode};

#[tokio::test(flavor = "multi_thread")]
async fn writes_need_the_token_and_other_machines_the_operators_word() -> Result<()> {
    let mut environment: Environment = Environment::start().await?;
    let http = Client::builder().no_proxy().build()?;
    let api = environment.relayer.api().url().to_owned();
    let pause = async |token: Option<&str>| -> Result<StatusCode> {
        let mut call = http.post(format!("{api}/v1/chains/local/pause")).json(&serde_json::json!({}));
        if let Some(token) = token {
            call = call.bearer_auth(token);
        }
        Ok(call.send().await?.status())
    };
    for token in [None, Some(""), Some("guessed")] {
        let status = pause(token).await?;
        ensure!(status == StatusCode::UNAUTHORIZED, "with token {token:?}: {status}");
    }
    let token = std::fs::read_to_string(environment.directory().join("api-token"))?;
    let status = pause(Some(token.trim())).await?;
    ensure!(status.is_success(), "with the token: {status}");

    environment.relayer.stop().await?;
    environment.reconfigure(|config| config["api"]["listen"] = "0.0.0.0:0".into())?;
    let refused = environment.command(["run", "--config", "relayer.toml"]).await;
    let error = refused.err().and_then(|error| error.downcast::<CommandFailed>().ok());
    let said = error.map(|error| error.stderr).unwrap_or_default();
    ensure!(said.contains("0.0.0.0:0 is not a loopback address; set api.public = true"), "it says {said:?}");

    // Without a token there is nobody who may.
    environment.reconfigure(|config| {
        config["api"]["listen"] = "127.0.0.1:0".into();
        config["api"]["token_file"] = "no-token".into();
    })?;
    environment.relayer.resume().await?;
    let status =
        http.post(format!("{}/v1/chains/local/resume", environment.relayer.api().url())).send().await?.status();
    ensure!(status == StatusCode::FORBIDDEN, "without a token: {status}");
    environment.finish().await
}
