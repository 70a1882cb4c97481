use super::{code, interface::InterfaceAnswer, owner};
use crate::{
    api::{ContractAnswer, ContractSummary, ContractsAnswer, RecentRunsAnswer},
    cli::{
        argument::Called,
        client::Client,
        limits,
        output::{Output, Table, time},
        since,
    },
    output::{ErrorFormat, OutputFormat},
};
use serde::Serialize;

pub(super) async fn list(client: &Client, output: &Output) -> anyhow::Result<()> {
    let answer: ContractsAnswer = client.get(&["v1", "contracts"], &[]).await?;
    output.list(&answer, "no contract was deployed through this relayer", |answer| {
        let mut table =
            Table::new(&["contract", "name", "revision", "owner", "deployed", "size", "recent runs", "paused"]);
        for ContractSummary { entry, size, paused, recent, .. } in &answer.contracts {
            table.row([
                entry.contract_id.to_string(),
                entry.name.to_string(),
                entry.revision.to_string(),
                owner(entry.owner),
                time(entry.deployed_at_ms),
                size.map_or_else(|| "-".to_owned(), |size| size.to_string()),
                outcomes(recent),
                paused.as_ref().map_or_else(String::new, since),
            ]);
        }
        table
    })
}

pub(super) async fn show(contract: Called, client: &Client, output: &Output) -> anyhow::Result<()> {
    let id = contract.id(client).await?;
    let answer: ContractAnswer = client.get(&["v1", "contracts", &id.to_string()], &[]).await?;
    let interface = code::interface(client, answer.summary.entry.code_hash).await?;
    let shown = Shown { answer, interface: interface.as_ref().map(InterfaceAnswer::of) };
    output.show(&shown, |shown| {
        let interface = shown.interface.as_ref().map(InterfaceAnswer::in_words).unwrap_or_default();
        format!("{}{interface}", in_words(&shown.answer))
    })
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    answer: ContractAnswer,
    /// What it can be asked, where metadata was uploaded with its code.
    #[serde(skip_serializing_if = "Option::is_none")]
    interface: Option<InterfaceAnswer>,
}

fn in_words(answer: &ContractAnswer) -> String {
    let ContractSummary { entry, size, output, paused, recent } = &answer.summary;
    let mut table = Table::new(&["contract", &entry.contract_id.to_string()]);
    table.row(["name".to_owned(), entry.name.to_string()]);
    table.row_of("paused", paused.as_ref().map(since));
    let bytes = size.map_or_else(String::new, |size| format!(" ({size} bytes)"));
    table.row(["code".to_owned(), format!("{}{bytes}", entry.code_hash)]);
    table.row(["init data".to_owned(), format!("0x{}", hex::encode(&entry.init_data))]);
    table.row(["owner".to_owned(), owner(entry.owner)]);
    table.row(["salt".to_owned(), entry.salt.to_string()]);
    table.row(["revision".to_owned(), entry.revision.to_string()]);
    table.row(["deployed".to_owned(), time(entry.deployed_at_ms)]);
    table.row(["output".to_owned(), output.as_ref().map_or_else(|| "not described".to_owned(), described)]);
    let in_enclave = match answer.in_enclave {
        Some(true) => "has it",
        Some(false) => "lacks it: deploy it again",
        None => "does not answer",
    };
    table.row(["enclave".to_owned(), in_enclave.to_owned()]);
    table.row_of("attestation", answer.attestation.map(|attestation| attestation.to_string()));
    table.row(["recent runs".to_owned(), outcomes(recent)]);
    table.row_of("last run", recent.last_run_at_ms.map(time));
    table.row_of(
        "mean fuel",
        recent.mean_fuel.map(|fuel| {
            let share = answer.limits.as_ref().and_then(|limits| limits::share(fuel, limits));
            format!("{fuel}{}", share.unwrap_or_default())
        }),
    );
    table.row_of("mean time", recent.mean_elapsed_ms.map(|elapsed| format!("{elapsed} ms")));
    table.row_of(
        "last failure",
        recent.last_failure.as_ref().map(|failure| {
            format!("{}, request {}, {}: {}", failure.outcome, failure.request, time(failure.at_ms), failure.reason)
        }),
    );
    for (name, limit) in answer.limits.iter().flat_map(limits::named) {
        table.row([format!("limit {name}"), limit]);
    }
    table.render()
}

/// How a contract's last runs ended.
fn outcomes(recent: &RecentRunsAnswer) -> String {
    if recent.runs == 0 {
        return "none".to_owned();
    }
    recent.by_outcome.iter().map(|(outcome, runs)| format!("{runs} {outcome}")).collect::<Vec<_>>().join(", ")
}

/// How an output is read.
fn described(format: &OutputFormat) -> String {
    let OutputFormat { abi, decimals, error } = format;
    let values = abi.as_ref().map(|abi| match decimals {
        Some(decimals) => format!("{abi} with {decimals} decimals"),
        None => abi.clone(),
    });
    let errors = error.map(|error| match error {
        ErrorFormat::Text => "errors as a code and text".to_owned(),
    });
    values.into_iter().chain(errors).collect::<Vec<_>>().join("; ")
}
