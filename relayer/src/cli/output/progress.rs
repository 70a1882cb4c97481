use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};
use tokio::{
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval},
};

/// What a long command is at, on standard error: one line that is kept up to date on a terminal, a
/// line for each step elsewhere, nothing where machines read the result. Dropped, it is gone.
#[derive(Debug)]
pub(crate) struct Progress(Kind);

#[derive(Debug)]
enum Kind {
    Silent,
    Lines,
    Terminal { step: tokio::sync::watch::Sender<String>, painter: JoinHandle<()> },
}

/// How often the line on a terminal is painted again.
const PAINTED_EVERY: Duration = Duration::from_millis(500);
/// Back to the first column, and clear the line.
const CLEAR: &str = "\r\u{1b}[2K";

impl Progress {
    pub(super) fn new(is_json: bool, step: String) -> Self {
        if is_json {
            return Self(Kind::Silent);
        }
        if io::stderr().is_terminal() {
            let (sender, steps) = tokio::sync::watch::channel(step);
            return Self(Kind::Terminal { step: sender, painter: tokio::spawn(paint(steps)) });
        }
        let progress = Self(Kind::Lines);
        progress.say(step);
        progress
    }

    /// Names the step that is under way now.
    pub(crate) fn say(&self, now: impl Into<String>) {
        match &self.0 {
            Kind::Silent => {}
            Kind::Lines => write(&format!("{}\n", now.into())),
            Kind::Terminal { step, .. } => {
                step.send_replace(now.into());
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        match &self.0 {
            Kind::Silent | Kind::Lines => {}
            Kind::Terminal { painter, .. } => {
                painter.abort();
                write(CLEAR);
            }
        }
    }
}

/// Keeps the line on the terminal up to date, with the time that the step has taken.
async fn paint(mut steps: tokio::sync::watch::Receiver<String>) {
    let mut since = Instant::now();
    let mut ticks = interval(PAINTED_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            changed = steps.changed() => match changed {
                Ok(()) => since = Instant::now(),
                Err(_) => return,
            },
        }
        let line = format!("{CLEAR}{} … {} s", *steps.borrow(), since.elapsed().as_secs());
        write(&line);
    }
}

fn write(text: &str) {
    let mut stream = io::stderr();
    // Nothing can be done about a closed standard error.
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}
