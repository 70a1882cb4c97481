//! Events of any pallet.

use crate::stage::{INSTANCE, Stage, UNIT};
use parity_scale_codec::Decode;
use phat_connector::{EventFilter, EventSource, EvmEventFilter, RequestSource, SubstrateEventFilter};
use phat_protocol::EvmAddress;
use subxt::dynamic::Value;

fn of(pallet: &str, event: &str) -> EventFilter {
    EventFilter::Substrate(SubstrateEventFilter { pallet: pallet.to_owned(), event: event.to_owned() })
}

#[tokio::test]
async fn events_are_found_by_pallet_and_name() {
    let stage = Stage::set().await;
    let first = stage.chain.head().await.unwrap().latest.number + 1;
    let transfer = |value: u128| {
        let to = Value::unnamed_variant("Id", [Value::from_bytes([7; 32])]);
        vec![("dest".to_owned(), to), ("value".to_owned(), Value::u128(value))]
    };
    stage.send("//Bob", "Balances", "transfer_keep_alive", transfer(2 * UNIT)).await;
    let asked = stage.ask().await;
    stage.send("//Bob", "Balances", "transfer_keep_alive", transfer(3 * UNIT)).await;
    let last = stage.chain.head().await.unwrap().latest.number;

    let events = stage.chain.events(&[of("Balances", "Transfer")], first..=last).await.unwrap();
    let values = events.iter().map(|event| {
        let (_, to, value) = <([u8; 32], [u8; 32], u128)>::decode(&mut &event.data[..]).unwrap();
        (to, value)
    });
    assert_eq!(values.collect::<Vec<_>>(), [([7; 32], 2 * UNIT), ([7; 32], 3 * UNIT)]);
    assert_eq!(events[0].emitter, b"Balances.Transfer");
    assert_eq!(Some(events[0].block), stage.chain.block(first).await.unwrap());
    assert_ne!(events[0].transaction.0.0, events[0].block.hash.0);

    let both = [of(INSTANCE, "RequestSubmitted"), of("Balances", "Transfer")];
    let events = stage.chain.events(&both, first..=last).await.unwrap();
    let emitters: Vec<&[u8]> = events.iter().map(|event| &event.emitter[..]).collect();
    assert_eq!(emitters, [&b"Balances.Transfer"[..], b"PhatOracle.RequestSubmitted", b"Balances.Transfer"]);
    assert_eq!((events[1].block, events[1].transaction), (asked.block, asked.transaction));
    assert_eq!(events[1].data[..32], asked.id.0);
    assert!(both.iter().any(|filter| filter.admits(&events[1])) && !both[0].admits(&events[0]));
    let only = stage.chain.events(&both, asked.block.number..=asked.block.number).await.unwrap();
    assert_eq!(only, events[1..2]);

    let of_evm = EventFilter::Evm(EvmEventFilter { address: EvmAddress([1; 20]), topics: Vec::new() });
    assert_eq!(stage.chain.events(&[of_evm], first..=last).await.unwrap(), []);
    assert_eq!(stage.chain.events(&[of("Balances", "Nothing")], first..=last).await.unwrap(), []);
    assert!(stage.chain.events(&both, first..=last + 1).await.is_err(), "a block that isn't there");
}
