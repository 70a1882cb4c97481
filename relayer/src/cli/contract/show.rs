use super::owner;
use crate::{
    api::{ContractAnswer, ContractSummary, ContractsAnswer},
    cli::{
        argument::Called,
        client::Client,
        output::{Output, Table, time},
    },
};

pub(super) async fn list(client: &Client, output: &Output) -> anyhow::Result<()> {
    let answer: ContractsAnswer = client.get(&["v1", "contracts"], &[]).await?;
    output.list(&answer, "no contract was deployed through this relayer", |answer| {
        let mut table = Table::new(&["contract", "name", "revision", "owner", "deployed"]);
        for ContractSummary { entry, .. } in &answer.contracts {
            table.row([
                entry.contract_id.to_string(),
                entry.name.to_string(),
                entry.revision.to_string(),
                owner(entry.owner),
                time(entry.deployed_at_ms),
            ]);
        }
        table
    })
}

pub(super) async fn show(contract: Called, client: &Client, output: &Output) -> anyhow::Result<()> {
    let id = contract.id(client).await?;
    let answer: ContractAnswer = client.get(&["v1", "contracts", &id.to_string()], &[]).await?;
    output.show(&answer, |answer| {
        let entry = &answer.summary.entry;
        let mut table = Table::new(&["contract", &entry.contract_id.to_string()]);
        table.row(["name".to_owned(), entry.name.to_string()]);
        table.row(["code".to_owned(), entry.code_hash.to_string()]);
        table.row(["init data".to_owned(), format!("0x{}", hex::encode(&entry.init_data))]);
        table.row(["owner".to_owned(), owner(entry.owner)]);
        table.row(["salt".to_owned(), entry.salt.to_string()]);
        table.row(["revision".to_owned(), entry.revision.to_string()]);
        table.row(["deployed".to_owned(), time(entry.deployed_at_ms)]);
        let in_enclave = match answer.in_enclave {
            Some(true) => "has it",
            Some(false) => "lacks it: deploy it again",
            None => "does not answer",
        };
        table.row(["enclave".to_owned(), in_enclave.to_owned()]);
        if let Some(attestation) = answer.attestation {
            table.row(["attestation".to_owned(), attestation.to_string()]);
        }
        table.render()
    })
}
