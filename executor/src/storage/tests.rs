use super::*;
use phat_protocol::{Owner, Salt};

const CONTRACT: ContractId = ContractId([1; 32]);
const OTHER: ContractId = ContractId([2; 32]);
const CODE: CodeHash = CodeHash([3; 32]);

fn known(state: State) -> KnownContract {
    KnownContract {
        code_hash: CODE,
        code: Arc::from([]),
        owner: Owner::NOBODY,
        state: Arc::new(state),
        secrets: Arc::default(),
    }
}

fn overlay(limit: usize) -> Overlay {
    let mut overlay = Overlay::new(limit);
    overlay.load(CONTRACT, known(State::from([(b"a".to_vec(), b"old".to_vec())])));
    overlay
}

fn set(overlay: &mut Overlay, key: &[u8], value: Option<&[u8]>) -> Result<Option<usize>, OverlayFull> {
    overlay.set(CONTRACT, key.to_vec(), value.map(<[u8]>::to_vec))
}

#[test]
fn a_write_hides_the_committed_value_and_a_removal_too() {
    let mut overlay = overlay(1000);
    assert_eq!(set(&mut overlay, b"a", Some(b"new")), Ok(Some(3)));
    assert_eq!(overlay.get(&CONTRACT, b"a"), Some(&b"new"[..]));
    assert_eq!(set(&mut overlay, b"a", None), Ok(Some(3)));
    assert_eq!(overlay.get(&CONTRACT, b"a"), None);
    assert_eq!(overlay.take_writes().changes[&CONTRACT][&b"a"[..]], None);
}

#[test]
fn contracts_do_not_see_each_other() {
    let mut overlay = overlay(1000);
    overlay.set(OTHER, b"a".to_vec(), Some(b"x".to_vec())).unwrap();
    assert_eq!(overlay.get(&CONTRACT, b"a"), Some(&b"old"[..]));
}

#[test]
fn entries_of_next_to_nothing_fill_the_overlay_too() {
    let mut overlay = Overlay::new(100 * (ENTRY_BYTES + 1));
    for key in 0..100u8 {
        overlay.set(CONTRACT, vec![key], None).unwrap();
    }
    let full = overlay.set(CONTRACT, vec![100], None);
    assert_eq!(full, Err(OverlayFull { limit: 100 * (ENTRY_BYTES + 1) }));
}

#[test]
fn overwriting_does_not_fill_the_overlay_and_one_byte_too_many_does() {
    let mut overlay = overlay(ENTRY_BYTES + 16);
    for _ in 0..100 {
        set(&mut overlay, b"k", Some(&[0; 15])).unwrap();
    }
    let full = Err(OverlayFull { limit: ENTRY_BYTES + 16 });
    assert_eq!(set(&mut overlay, b"k", Some(&[0; 16])), full);
    assert_eq!(set(&mut overlay, b"l", None), full);
}

#[test]
fn a_dropped_layer_leaves_what_was_below_it_and_a_kept_one_replaces_it() {
    let mut overlay = overlay(10_000);
    set(&mut overlay, b"k", Some(b"first")).unwrap();
    overlay.open();
    assert_eq!(set(&mut overlay, b"k", Some(b"second")), Ok(Some(5)));
    set(&mut overlay, b"a", None).unwrap();
    overlay.set_code_hash(CONTRACT, CodeHash([9; 32]));
    assert_eq!(overlay.code_hash(&CONTRACT), Some(CodeHash([9; 32])));
    overlay.drop_layer();
    assert_eq!((overlay.get(&CONTRACT, b"k"), overlay.get(&CONTRACT, b"a")), (Some(&b"first"[..]), Some(&b"old"[..])));
    assert_eq!(overlay.code_hash(&CONTRACT), Some(CODE));

    overlay.open();
    set(&mut overlay, b"k", Some(b"third")).unwrap();
    overlay.keep();
    assert_eq!(overlay.get(&CONTRACT, b"k"), Some(&b"third"[..]));
    let changes = overlay.take_writes().changes;
    assert_eq!(changes[&CONTRACT], StateChanges::from([(b"k".to_vec(), Some(b"third".to_vec()))]));
}

#[test]
fn all_layers_together_stay_within_the_limit_and_give_back_what_they_took() {
    let one = ENTRY_BYTES + 2;
    let mut overlay = overlay(2 * one);
    for _ in 0..10 {
        set(&mut overlay, b"k", Some(b"v")).unwrap();
        overlay.open();
        set(&mut overlay, b"k", Some(b"w")).unwrap();
        assert!(set(&mut overlay, b"l", Some(b"v")).is_err());
        overlay.keep();
        overlay.open();
        set(&mut overlay, b"l", Some(b"v")).unwrap();
        overlay.drop_layer();
    }
    set(&mut overlay, b"l", Some(b"v")).unwrap();
    assert!(set(&mut overlay, b"m", None).is_err());
}

#[test]
fn a_contract_that_was_made_is_unknown_again_when_its_layer_is_dropped() {
    let mut overlay = overlay(10_000);
    let made = Instantiated {
        contract_id: OTHER,
        code_hash: CODE,
        init_data: vec![1],
        owner: Owner::from(CONTRACT),
        salt: Salt([0; 32]),
    };
    overlay.open();
    overlay.instantiate(made.clone(), Arc::from([])).unwrap();
    assert!(overlay.known(&OTHER).is_some());
    overlay.drop_layer();
    assert!(overlay.known(&OTHER).is_none());
    overlay.open();
    overlay.instantiate(made.clone(), Arc::from([])).unwrap();
    overlay.keep();
    assert_eq!(overlay.take_writes().instantiated, [made]);
}
