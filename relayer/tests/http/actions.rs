use crate::{
    command_line::{complaint, printed, relayer},
    world::{World, answer, good_module},
};
use parity_scale_codec::DecodeAll;
use phat_enclave_api::{Act, decrypt_secrets};
use phat_protocol::{ActionKind, ContractId, Digest, EvmAddress, Owner, OwnerAction, Secret, keccak256, selector};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use x25519_dalek::{PublicKey, StaticSecret};

/// The secp256k1 key 0x4242…, and the sr25519 seed.
const KEY: [u8; 32] = [0x42; 32];

pub(crate) fn evm_owner() -> Owner {
    let key = k256::ecdsa::SigningKey::from_slice(&KEY).unwrap();
    let point = key.verifying_key().to_encoded_point(false);
    Owner::from(EvmAddress::try_from(&keccak256(&point.as_bytes()[1..])[12..]).unwrap())
}

fn sr25519_owner() -> Owner {
    let seed = schnorrkel::MiniSecretKey::from_bytes(&KEY).unwrap();
    Owner::from(seed.expand_to_public(schnorrkel::ExpansionMode::Ed25519).to_bytes())
}

/// Brings `owned` into the world's enclave; its id. The owner's key is in `owner.key`.
pub(crate) async fn deploy(world: &World, owner: Owner) -> String {
    let key = world.directory.path().join("owner.key");
    std::fs::write(&key, hex::encode(KEY)).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(world.directory.path().join("owned.wasm"), good_module()).unwrap();
    let owner = owner.evm_address().map_or_else(|| owner.to_string(), |address| address.to_string());
    let deployed = printed(world, &["contract", "deploy", "owned.wasm", "--owner", &owner]).await;
    deployed.lines().next().unwrap().to_owned()
}

pub(crate) fn passed_on(world: &World) -> Act {
    world.enclave.acts.lock().unwrap().pop().expect("nothing was passed on")
}

fn is_signed_by_evm_key(act: &Act) -> bool {
    let (rs, v) = act.signature.split_at(64);
    let parity = k256::ecdsa::RecoveryId::try_from(v[0] - 27).unwrap();
    let rs = k256::ecdsa::Signature::from_slice(rs).unwrap();
    let key = k256::ecdsa::VerifyingKey::recover_from_prehash(&act.action.evm_digest().0, &rs, parity).unwrap();
    rs.normalize_s().is_none() && key == *k256::ecdsa::SigningKey::from_slice(&KEY).unwrap().verifying_key()
}

fn order(nonce: u64, kind: &str, data: &str) -> Value {
    json!({ "nonce": nonce, "not_after": 99, "kind": kind, "data": data, "signature": "0x0102" })
}

async fn act(world: &World, id: &str, body: &Value) -> (StatusCode, Value) {
    let path = format!("/v1/contracts/{id}/actions");
    answer(world.write(Method::POST, &path).json(body).send().await.unwrap()).await
}

#[tokio::test]
async fn what_an_owner_signed_is_passed_on_untouched() {
    let world = World::new().await;
    let id = deploy(&world, evm_owner()).await;
    let (status, acted) = act(&world, &id, &order(1, "message", "0x2a")).await;
    assert_eq!(status, StatusCode::OK, "{acted}");
    assert_eq!((&acted["applied"], &acted["revision"], &acted["kind"]), (&json!(true), &json!(1), &json!("message")));
    assert_eq!((&acted["run"]["output"], &acted["run"]["contract_id"]), (&json!("0x2a"), &json!(id)));
    let contract_id: ContractId = id.parse().unwrap();
    let action = OwnerAction { contract_id, nonce: 1, not_after: 99, kind: ActionKind::Message, data: vec![0x2a] };
    assert_eq!(passed_on(&world), Act { action, signature: vec![1, 2] });
    // A whole number is one however JSON writes it.
    let mut secrets = order(2, "secrets", "0x2b");
    secrets["nonce"] = json!(2.0);
    let (status, acted) = act(&world, &id, &secrets).await;
    assert_eq!((status, &acted["revision"], &acted["run"]), (StatusCode::OK, &json!(2), &Value::Null));
    world.stop().await;
}

#[tokio::test]
async fn a_new_revision_is_shown_told_and_wakes_the_requests_that_waited_for_it() {
    let world = World::new().await;
    let id = deploy(&world, evm_owner()).await;
    let waiting = world.observe("local", id.parse().unwrap(), 1).await;
    world.ignore(waiting).await;
    let (_, acted) = act(&world, &id, &order(1, "message", "0x2a")).await;
    assert_eq!(acted["reconsidered"], 1);
    let (_, list) = world.get("/v1/contracts").await;
    assert_eq!(list["contracts"][0]["revision"], 1);
    let (_, request) = world.get(&format!("/v1/requests/{waiting}")).await;
    assert_eq!(request["state"], "observed", "{request}");
    // A message that fails, and a query, leave the revision as it is.
    let (status, failed) = act(&world, &id, &order(2, "message", "0xff")).await;
    assert_eq!((status, &failed["applied"], &failed["revision"]), (StatusCode::OK, &json!(false), &json!(1)));
    let (_, query) = act(&world, &id, &order(7, "query", "0x2a")).await;
    assert_eq!((&query["applied"], &query["revision"]), (&json!(true), &json!(1)));
    world.stop().await;
}

#[tokio::test]
async fn what_is_refused_is_a_problem_that_says_why() {
    let world = World::new().await;
    let id = deploy(&world, evm_owner()).await;
    let (status, problem) = act(&world, &id, &order(5, "message", "0x")).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(problem["detail"].as_str().unwrap().contains("the contract's next is 1"), "{problem}");
    let unknown = format!("0x{}", "08".repeat(32));
    assert_eq!(act(&world, &unknown, &order(1, "message", "0x")).await.0, StatusCode::NOT_FOUND);
    for body in [json!({}), order(1, "upgrade", "0x"), order(1, "message", "text")] {
        assert_eq!(act(&world, &id, &body).await.0, StatusCode::BAD_REQUEST, "{body}");
    }
    let url = format!("{}/v1/contracts/{id}/actions", world.url);
    let without = world.http.post(url).json(&order(1, "message", "0x")).send().await.unwrap();
    assert_eq!(answer(without).await.0, StatusCode::UNAUTHORIZED);
    world.stop().await;
}

#[tokio::test]
async fn the_command_line_signs_messages_and_queries_as_the_owner() {
    let world = World::new().await;
    deploy(&world, evm_owner()).await;
    let sent =
        printed(&world, &["contract", "send", "owned", "set", "--args", "0x01", "--owner-key", "owner.key"]).await;
    assert!(sent.contains("applied: revision 1"), "{sent}");
    let act = passed_on(&world);
    assert_eq!((act.action.nonce, act.action.kind), (1, ActionKind::Message));
    assert_eq!(act.action.data, [&selector("set")[..], &[1]].concat());
    assert!(is_signed_by_evm_key(&act));

    let failed = relayer(&world, &["contract", "send", "owned", "0xff", "--owner-key", "owner.key"]).await;
    assert_eq!(failed.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&failed.stdout).contains("it failed and changed nothing: revision 1"));
    assert_eq!(passed_on(&world).action.nonce, 2);

    let asked = printed(&world, &["contract", "query", "owned", "0x2a", "--owner-key", "owner.key"]).await;
    assert!(asked.contains("0x2a") && asked.contains("at revision 1"), "{asked}");
    let act = passed_on(&world);
    assert!(act.action.kind == ActionKind::Query && is_signed_by_evm_key(&act));
    world.stop().await;
}

#[tokio::test]
async fn an_owner_that_is_no_evm_address_signs_with_sr25519() {
    let world = World::new().await;
    deploy(&world, sr25519_owner()).await;
    printed(&world, &["contract", "send", "owned", "set", "--owner-key", "owner.key"]).await;
    let act = passed_on(&world);
    let key = schnorrkel::PublicKey::from_bytes(sr25519_owner().as_bytes()).unwrap();
    let signature = schnorrkel::Signature::from_bytes(&act.signature).unwrap();
    key.verify_simple(b"substrate", &act.action.substrate_message(), &signature).unwrap();
    world.stop().await;
}

#[tokio::test]
async fn a_key_that_is_not_the_owners_or_open_to_others_signs_nothing() {
    let world = World::new().await;
    deploy(&world, Owner::from(EvmAddress([9; 20]))).await;
    let command = ["contract", "send", "owned", "set", "--owner-key", "owner.key"];
    let refused = complaint(&world, &command).await;
    assert!(refused.contains("and the contract's owner is 0x0909"), "{refused}");
    let key = world.directory.path().join("owner.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(complaint(&world, &command).await.contains("chmod 600"));
    world.stop().await;

    let world = World::new().await;
    deploy(&world, Owner::NOBODY).await;
    assert!(complaint(&world, &command).await.contains("nobody owns the contract"));
    assert!(world.enclave.acts.lock().unwrap().is_empty());
    world.stop().await;
}

#[tokio::test]
async fn secrets_leave_the_command_line_encrypted_to_the_enclave_alone() {
    let world = World::new().await;
    let worker = StaticSecret::from([2; 32]);
    if let Ok(status) = &mut *world.enclave.status.lock().unwrap() {
        status.keys.x25519 = Digest(PublicKey::from(&worker).to_bytes());
    }
    let id: ContractId = deploy(&world, evm_owner()).await.parse().unwrap();
    std::fs::write(world.directory.path().join("token"), "hush hush\n").unwrap();
    let set = ["contract", "secret", "set", "owned", "token=@token", "--origin", "https://a.example", "--owner-key"];
    let refused = complaint(&world, &[&set[..], &["owner.key"]].concat()).await;
    assert!(refused.contains("--allow-simulated"), "{refused}");
    assert!(world.enclave.acts.lock().unwrap().is_empty());

    let said = printed(&world, &[&set[..], &["owner.key", "--allow-simulated"]].concat()).await;
    assert!(said.contains("revision 1") && said.contains("has token") && !said.contains("hush"), "{said}");
    let act = passed_on(&world);
    assert!(act.action.kind == ActionKind::Secrets && is_signed_by_evm_key(&act));
    let plain = decrypt_secrets(&act.action.data, &id, 1, &worker).unwrap();
    let origins = vec!["https://a.example".to_owned()];
    let secret = Secret { name: "token".to_owned(), value: b"hush hush".to_vec(), origins };
    assert_eq!(Vec::<Secret>::decode_all(&mut plain.as_slice()).unwrap(), [secret]);

    let clear = ["contract", "secret", "clear", "owned", "--owner-key", "owner.key", "--allow-simulated"];
    assert!(printed(&world, &clear).await.contains("has no secrets"));
    let act = passed_on(&world);
    assert_eq!(*decrypt_secrets(&act.action.data, &id, 2, &worker).unwrap(), [0]);
    world.stop().await;
}
