use anyhow::{Context, ensure};
use futures_util::{Stream, StreamExt};
use std::pin::Pin;

/// The longest event, in bytes.
const MAX_EVENT: usize = 1 << 20;

/// A stream of server-sent events (HTML, section 9.2), of which the data alone is read.
pub(crate) struct EventStream {
    body: Pin<Box<dyn Stream<Item = reqwest::Result<axum::body::Bytes>> + Send>>,
    parser: Parser,
}

impl EventStream {
    pub(super) fn new(response: reqwest::Response) -> Self {
        Self { body: Box::pin(response.bytes_stream()), parser: Parser::default() }
    }

    /// The data of the next event; none when the stream ended, as it does when the relayer stops.
    ///
    /// # Errors
    /// When an event is longer than [`MAX_EVENT`], or isn't text.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<String>> {
        loop {
            if let Some(data) = self.parser.next()? {
                return Ok(Some(data));
            }
            match self.body.next().await {
                Some(Ok(bytes)) => self.parser.read.extend_from_slice(&bytes),
                // A connection that broke is one that ended.
                Some(Err(_)) | None => return Ok(None),
            }
        }
    }
}

/// Cuts what was read into lines, and lines into events.
#[derive(Debug, Default)]
struct Parser {
    read: Vec<u8>,
    data: Vec<String>,
}

impl Parser {
    /// The data of the next event that was read whole.
    fn next(&mut self) -> anyhow::Result<Option<String>> {
        while let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.read.drain(..=end).collect();
            let line = std::str::from_utf8(&line).context("an event isn't text")?.trim_end_matches(['\r', '\n']);
            if line.is_empty() {
                if !self.data.is_empty() {
                    return Ok(Some(std::mem::take(&mut self.data).join("\n")));
                }
            } else if let Some(data) = line.strip_prefix("data:") {
                self.data.push(data.strip_prefix(' ').unwrap_or(data).to_owned());
            }
        }
        let held: usize = self.data.iter().map(String::len).sum();
        ensure!(self.read.len() + held <= MAX_EVENT, "an event is longer than {MAX_EVENT} bytes");
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(pieces: &[&[u8]]) -> anyhow::Result<Vec<String>> {
        let mut parser = Parser::default();
        let mut events = Vec::new();
        for piece in pieces {
            parser.read.extend_from_slice(piece);
            while let Some(data) = parser.next()? {
                events.push(data);
            }
        }
        Ok(events)
    }

    #[test]
    fn events_are_cut_at_empty_lines_wherever_they_arrive() {
        let text =
            b"id: 1\nevent: observed\ndata: {\"a\":1}\n\n: keep alive\n\nid: 2\r\ndata:two\r\ndata: lines\r\n\r\n";
        let expected = ["{\"a\":1}", "two\nlines"];
        assert_eq!(events(&[text]).unwrap(), expected);
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(events(&bytes).unwrap(), expected);
        assert!(events(&[b"data: half\n"]).unwrap().is_empty());
    }

    #[test]
    fn an_event_has_an_end() {
        let line = [&b"data: "[..], &[b'x'; 1000], b"\n"].concat();
        let endless: Vec<&[u8]> = std::iter::repeat_n(line.as_slice(), 2000).collect();
        assert!(events(&endless).is_err());
        let long = vec![b'x'; MAX_EVENT + 1];
        assert!(events(&[&long]).is_err());
        assert!(events(&[b"data: \xff\n\n"]).is_err());
    }
}
