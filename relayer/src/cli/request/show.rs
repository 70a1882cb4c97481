use super::state_in_words;
use crate::{
    api::{ReportAnswer, RequestAnswer},
    cli::{
        contract::contract_log,
        output::{Table, in_hex_and_text, time, visible},
    },
    output::DecodedOutput,
    store::{AttemptRecord, TransactionRecord},
};
use phat_connector::EntryEffect;
use std::{fmt::Write, time::Duration};

/// The whole life of a request; why it failed or what it waits for comes first.
pub(super) fn in_words(life: &RequestAnswer) -> String {
    let mut text = String::new();
    if let Some(failure) = &life.failure {
        text.push_str(&visible(failure));
        text.push_str("\n\n");
    }
    text.push_str(&facts(life));
    if let Some(report) = &life.report {
        text.push_str(&contract_log(&report.stored.logs));
    }
    text.push_str(&states(life));
    for attempt in &life.attempts {
        text.push_str(&in_lines(attempt));
    }
    let mut events = Table::new(&["when", "what", ""]);
    for event in &life.events {
        let detail = event.detail.as_ref().map(ToString::to_string).unwrap_or_default();
        events.row([time(event.at_ms), event.event.clone(), detail]);
    }
    text.push('\n');
    text.push_str(&events.render());
    text
}

fn facts(life: &RequestAnswer) -> String {
    let summary = &life.summary;
    let mut facts = Table::new(&["request", &summary.id.to_string()]);
    facts.row(["state".to_owned(), state_in_words(summary)]);
    facts.row(["chain".to_owned(), summary.chain.clone()]);
    facts.row(["contract".to_owned(), summary.contract_id.to_string()]);
    facts.row(["consumer".to_owned(), format!("0x{}", hex::encode(&summary.consumer))]);
    facts.row(["payload".to_owned(), in_hex_and_text(&life.payload)]);
    facts.row(["asked in".to_owned(), format!("block {}, transaction {}", summary.block, life.transaction)]);
    facts.row_of("replaces", life.replaces.map(|id| format!("{id}, whose block was reorganised away")));
    facts.row_of("replaced by", life.replaced_by.map(|id| format!("{id}, by the same transaction in another block")));
    facts.row(["expires".to_owned(), time(i64::try_from(summary.expires_at).unwrap_or(i64::MAX).saturating_mul(1000))]);
    if let Some(error) = &summary.last_error {
        facts.row(["last error".to_owned(), format!("{error} (tried {} times)", life.tries)]);
    }
    if let Some(ReportAnswer { stored, decoded }) = &life.report {
        facts.row(["outcome".to_owned(), format!("{} ({})", stored.outcome, stored.outcome_number)]);
        facts.row(["output".to_owned(), in_hex_and_text(&stored.output)]);
        facts.row_of("decoded", decoded.as_ref().map(meaning));
        facts.row_of("reason", stored.reason.clone());
        facts.row(["worker".to_owned(), format!("{} ({})", stored.worker, stored.attestation)]);
        facts.row(["run".to_owned(), format!("{} ms, {} fuel", stored.elapsed_ms, stored.fuel)]);
    }
    if let Some(settlement) = &summary.settlement {
        let carried = settlement.transaction.map_or_else(String::new, |hash| format!(", transaction {hash}"));
        let finality = if life.is_final { "" } else { " (not final yet)" };
        facts.row(["answered in".to_owned(), format!("block {}{carried}{finality}", settlement.block)]);
    }
    facts.render()
}

/// What an output means, on one line.
pub(crate) fn meaning(decoded: &DecodedOutput) -> String {
    match decoded {
        DecodedOutput::Value { text, .. } => text.clone(),
        DecodedOutput::Error { error_code, error_text } => format!("error {error_code}: {error_text}"),
    }
}

fn states(life: &RequestAnswer) -> String {
    let mut table = Table::new(&["state", "since", "for"]);
    for span in &life.states {
        let lasted = humantime::format_duration(Duration::from_millis(span.duration_ms));
        let so_far = if span.until_ms.is_none() { " so far" } else { "" };
        table.row([span.state.to_string(), time(span.from_ms), format!("{lasted}{so_far}")]);
    }
    format!("\n{}", table.render())
}

fn in_lines(attempt: &AttemptRecord) -> String {
    let did = match attempt.effect {
        Some(EntryEffect::Fulfilled { callback_ok: true }) => ", which answered it",
        Some(EntryEffect::Fulfilled { callback_ok: false }) => ", which answered it; the callback failed",
        Some(EntryEffect::Skipped(_)) => ", where the oracle passed over it",
        None => "",
    };
    let mut text = format!("\nnonce {} of {}: {}{did}\n", attempt.nonce, attempt.submitter, attempt.state.as_str());
    for transaction in &attempt.transactions {
        let TransactionRecord { hash, fees, gas_used, .. } = transaction;
        let fate = match (&transaction.block, transaction.succeeded) {
            (Some(block), Some(false)) => format!("failed in block {}", block.number),
            (Some(block), Some(true) | None) => format!("mined in block {}", block.number),
            (None, _) if transaction.broadcast_at_ms.is_some() => "sent".to_owned(),
            (None, _) => "not sent yet".to_owned(),
        };
        let gas = gas_used.map_or_else(String::new, |gas| format!(", {gas} gas"));
        // Writing to a String can't fail.
        let _ = writeln!(text, "  {hash}  at most {} wei a gas  {fate}{gas}", fees.max_fee);
    }
    text
}
