//! A source of answers on loopback that takes its time, in a process of its own, so that what it holds is not
//! counted as the executor's.

use anyhow::{Context, Result};
use axum::{Router, routing::get};
use clap::Args;
use std::{
    env,
    io::{BufRead, BufReader, Read, Write, stdin, stdout},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::Duration,
};
use tokio::net::TcpListener;

/// What everything costs.
pub(crate) const PRICE: u128 = 42;
/// What it answers, as JSON.
pub(crate) const ANSWER: &str = r#"{"price":42}"#;
/// Where.
pub(crate) const PATH: &str = "/price";
/// What a bare number is answered for, at the path's end.
pub(crate) const SYMBOL: &str = "BTC";

#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// Milliseconds between a request and its answer.
    #[arg(long)]
    delay_ms: u64,
}

/// Serves until standard input ends, which it does when the process that started this one is gone.
pub(crate) fn serve(settings: &Settings) -> Result<()> {
    let delay = Duration::from_millis(settings.delay_ms);
    open_files()?;
    crate::ours::runtime()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        writeln!(stdout(), "{}", listener.local_addr()?)?;
        let (ended, end) = tokio::sync::oneshot::channel();
        thread::spawn(move || {
            // Whether it ends or breaks, nobody is there any more.
            let _ = stdin().read_to_end(&mut Vec::new());
            let _ = ended.send(());
        });
        let answer = |text: String| {
            get(async move || {
                tokio::time::sleep(delay).await;
                text
            })
        };
        let routes = Router::new()
            .route(PATH, answer(ANSWER.to_owned()))
            .route(&format!("{PATH}/{SYMBOL}"), answer(PRICE.to_string()));
        let served = axum::serve(listener, routes);
        tokio::select! {
            done = served => Ok(done?),
            _ = end => Ok(()),
        }
    })
}

/// Lets this process have as many files open as it may: a crowd of guests has a connection each.
pub(crate) fn open_files() -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

/// A source that serves as long as this is there.
pub(crate) struct Source {
    child: Child,
    stdin: Option<ChildStdin>,
    pub(crate) address: SocketAddr,
}

impl Source {
    /// Starts it, and waits until it listens.
    pub(crate) fn start(delay: Duration) -> Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .args(["source", "--delay-ms", &delay.as_millis().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("a pipe")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let stdin = child.stdin.take();
        let address = line.trim().parse().with_context(|| format!("the source says {line:?}"))?;
        Ok(Self { child, stdin, address })
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // It ends by itself; what it says then matters to nobody.
        let _ = self.child.wait();
    }
}
