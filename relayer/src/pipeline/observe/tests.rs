use super::{Work, ignored, lease_kept, span};
use crate::{request::IgnoreReason, store::StoreError};
use phat_protocol::RequestId;
use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};
use tracing_subscriber::EnvFilter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_warning_names_its_request_when_only_warnings_are_shown() {
    let lines = Lines::default();
    let written = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("warn"))
        .with_ansi(false)
        .with_writer(move || written.clone())
        .finish();
    let id = RequestId([0x5a; 32]);
    tracing::subscriber::with_default(subscriber, || {
        for work in [Work::Watch, Work::Execute, Work::Submit, Work::Settle] {
            span(work, "local", id).in_scope(|| {
                ignored(&IgnoreReason::UnknownContract);
                lease_kept(&StoreError::Closed);
            });
        }
    });
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text.lines().count(), 8, "{text}");
    for line in text.lines() {
        assert!(line.contains(&id.to_string()), "{line}");
    }
}
