//! What a run leaves for people to read: log lines and events, within bounds.

use crate::RecordLimits;
use crate::limits::in_memory;
use phat_protocol::ContractId;

/// How grave a log line is, as the guest says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// 1.
    Error,
    /// 2.
    Warn,
    /// 3.
    Info,
    /// 4.
    Debug,
    /// 5, and every other number.
    Trace,
}

impl From<u8> for LogLevel {
    fn from(number: u8) -> Self {
        match number {
            1 => Self::Error,
            2 => Self::Warn,
            3 => Self::Info,
            4 => Self::Debug,
            _ => Self::Trace,
        }
    }
}

/// One line that a guest wrote. Its text is the guest's: it is cut, and free of control characters.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LogLine {
    /// Who wrote it.
    pub contract: ContractId,
    /// How grave it is.
    pub level: LogLevel,
    /// What it says.
    pub message: String,
}

/// What a guest deposited as an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Who deposited it.
    pub contract: ContractId,
    /// SCALE `Vec<[u8; 32]>`, as the guest encoded it.
    pub topics: Vec<u8>,
    /// The event's own encoding.
    pub data: Vec<u8>,
}

/// Log lines and events within their limits. What is beyond is counted, not kept.
#[derive(Debug)]
pub(crate) struct Records {
    limits: RecordLimits,
    pub(crate) logs: Vec<LogLine>,
    /// Of all lines that were kept.
    log_bytes: usize,
    pub(crate) events: Vec<Event>,
    pub(crate) dropped: u64,
}

impl Records {
    pub(crate) fn new(limits: RecordLimits) -> Self {
        Self { limits, logs: Vec::new(), log_bytes: 0, events: Vec::new(), dropped: 0 }
    }

    /// How many bytes of a line are worth reading.
    pub(crate) fn line_bytes(&self) -> usize {
        in_memory(self.limits.log_line_bytes)
    }

    pub(crate) fn log(&mut self, line: LogLine) {
        let left = in_memory(self.limits.log_bytes).saturating_sub(self.log_bytes);
        if self.logs.len() >= in_memory(self.limits.log_lines) || left == 0 {
            return self.drop_one();
        }
        let message = clip(&line.message, self.line_bytes().min(left));
        self.log_bytes = self.log_bytes.saturating_add(message.len());
        self.logs.push(LogLine { message, ..line });
    }

    /// Keeps one event within the limits; the caller has judged its length.
    pub(crate) fn event(&mut self, event: Event) {
        if self.events.len() < in_memory(self.limits.events) {
            self.events.push(event);
        } else {
            self.drop_one();
        }
    }

    /// Counts a line or an event that is not kept.
    pub(crate) fn drop_one(&mut self) {
        self.dropped = self.dropped.saturating_add(1);
    }
}

/// The beginning of `text`, at most `bytes` long, with control characters replaced.
pub(crate) fn clip(text: &str, bytes: usize) -> String {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text[..end].chars().map(|each| if each.is_control() { ' ' } else { each }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_at_a_character_and_can_not_forge_another_line() {
        assert_eq!(clip("ééé", 5), "éé");
        assert_eq!(clip("a\nb\u{1b}[31m", 100), "a b [31m");
    }

    #[test]
    fn lines_beyond_the_limit_are_counted_and_not_kept() {
        let mut records = Records::new(RecordLimits { log_lines: 2, ..RecordLimits::default() });
        for _ in 0..5 {
            let line = LogLine { contract: ContractId::default(), level: LogLevel::Info, message: "x".into() };
            records.log(line);
        }
        assert_eq!((records.logs.len(), records.dropped), (2, 3));
    }

    #[test]
    fn lines_beyond_the_bytes_of_all_are_cut_and_then_counted_and_not_kept() {
        let mut records = Records::new(RecordLimits { log_bytes: 7, ..RecordLimits::default() });
        for _ in 0..4 {
            let line = LogLine { contract: ContractId::default(), level: LogLevel::Info, message: "12345".into() };
            records.log(line);
        }
        let messages: Vec<_> = records.logs.iter().map(|line| line.message.as_str()).collect();
        assert_eq!((messages, records.dropped), (vec!["12345", "12"], 2));
    }

    #[test]
    fn events_beyond_the_limit_are_counted_and_not_kept() {
        let mut records = Records::new(RecordLimits { events: 2, ..RecordLimits::default() });
        for _ in 0..5 {
            records.event(Event { contract: ContractId::default(), topics: Vec::new(), data: Vec::new() });
        }
        assert_eq!((records.events.len(), records.dropped), (2, 3));
    }
}
