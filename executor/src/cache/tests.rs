use super::*;

/// A contract that differs from others by its number.
fn contract(number: u32) -> (CodeHash, Arc<[u8]>) {
    let text = format!(
        r#"(module (import "env" "memory" (memory 1)) (data (i32.const {number}) "")
            (func (export "deploy")) (func (export "call")))"#
    );
    let code: Arc<[u8]> = wat::parse_str(text).unwrap().into();
    (phat_protocol::code_hash(&code), code)
}

fn cache(modules: usize, bytes: usize) -> Cache {
    Cache::new(Arc::new(Limits::default()), modules, bytes)
}

async fn translated(cache: &Cache, number: u32) -> Arc<Translated> {
    let (hash, code) = contract(number);
    match cache.get(hash, &code).await.unwrap() {
        Ok(translated) => translated,
        Err(refusals) => panic!("{refusals:?}"),
    }
}

#[tokio::test]
async fn concurrent_first_calls_translate_once() {
    let cache = cache(4, usize::MAX);
    let (first, second) = tokio::join!(translated(&cache, 1), translated(&cache, 1));
    assert!(Arc::ptr_eq(&first, &second));
    assert!(Arc::ptr_eq(&first, &translated(&cache, 1).await));
}

#[tokio::test]
async fn the_module_used_longest_ago_makes_room() {
    let cache = cache(2, usize::MAX);
    let (one, two) = (translated(&cache, 1).await, translated(&cache, 2).await);
    assert!(Arc::ptr_eq(&one, &translated(&cache, 1).await));
    translated(&cache, 3).await;
    assert!(Arc::ptr_eq(&one, &translated(&cache, 1).await));
    assert!(!Arc::ptr_eq(&two, &translated(&cache, 2).await));
}

#[tokio::test]
async fn the_bytes_kept_stay_within_their_bound() {
    let bytes = contract(1).1.len();
    let cache = cache(100, 3 * bytes);
    for number in 1..20 {
        translated(&cache, number).await;
        let slots = cache.slots.lock().unwrap();
        assert!(slots.bytes <= 3 * bytes);
        assert_eq!(slots.bytes, slots.by_hash.values().map(|slot| slot.bytes).sum::<usize>());
    }
    let kept = cache.slots.lock().unwrap().by_hash.len();
    assert_eq!(kept, 3);
}

#[tokio::test]
async fn a_module_that_is_refused_is_refused_again_without_another_look() {
    let cache = cache(2, usize::MAX);
    let code: Arc<[u8]> = b"not wasm".as_slice().into();
    let hash = phat_protocol::code_hash(&code);
    let refusals = async || match cache.get(hash, &code).await.unwrap() {
        Ok(_) => panic!("translated"),
        Err(refusals) => refusals,
    };
    let first = refusals().await;
    assert_eq!(*first, [Refusal::NotWasm]);
    assert!(Arc::ptr_eq(&first, &refusals().await));
}

#[tokio::test]
async fn bytes_of_another_hash_are_a_fault_and_leave_no_trace() {
    let cache = cache(2, usize::MAX);
    let ((expected, _), (found, code)) = (contract(1), contract(2));
    let Err(fault) = cache.get(expected, &code).await else { panic!("accepted") };
    assert_eq!(fault, HostFault::WrongCode { expected, found });
    assert!(cache.slots.lock().unwrap().by_hash.is_empty());
    translated(&cache, 1).await;
}
