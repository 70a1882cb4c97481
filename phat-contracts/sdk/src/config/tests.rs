use super::{Fault, Fields, Listed, Mistake};
use alloc::{format, string::ToString, vec::Vec};

fn read(json: &str) -> Fields<'_, Fault> {
    Fields::read(json.as_bytes(), 1_000).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

#[test]
fn numbers_and_flags_are_read_within_their_ranges() {
    let mut fields = read(r#"{"n": 5, "big": 6, "text": "5", "yes": true, "no": false, "maybe": 1}"#);
    assert_eq!(fields.number("n", 1..=5, "1 to 5"), Some(5));
    assert_eq!(fields.number("absent", 1..=5, "1 to 5"), None);
    assert_eq!([fields.flag("yes"), fields.flag("no"), fields.flag("absent")], [true, false, false]);
    assert_eq!(fields.number("big", 1..=5, "1 to 5"), None);
    assert_eq!(fields.number("text", 1..=5, "1 to 5"), None);
    assert!(!fields.flag("maybe"));
    let mistakes = fields.finish(&["n", "big", "text", "yes", "no", "maybe"]);
    let wrong = |field: &str, expected| Mistake { field: field.into(), fault: Fault::WrongKind(expected) };
    assert_eq!(mistakes, [wrong("big", "1 to 5"), wrong("text", "1 to 5"), wrong("maybe", "true or false")]);
}

#[test]
fn a_mistake_within_names_its_whole_place() {
    let document = r#"{"inner": {"origin": "a", "path": "", "x": 1}}"#;
    let mut fields = read(document);
    let raw = fields.required("inner").expect("there");
    let object = crate::json::Object::read(raw.get()).expect("an object");
    let mut inner = Fields::<Fault>::within(fields.place("inner"), object);
    assert_eq!(inner.origin("origin"), None);
    assert_eq!(inner.string("name"), None);
    fields.append(inner.finish(&["origin", "path", "name"]));
    let places: Vec<_> = fields.finish(&["inner"]).into_iter().map(|mistake| mistake.field).collect();
    assert_eq!(places, ["inner.origin", "inner.name", "inner.x"]);
}

#[test]
fn mistakes_are_listed_in_one_text() {
    let mistakes = read(r#"{"b": 1}"#).finish(&["a"]);
    assert_eq!(Listed(&mistakes).to_string(), "b: unknown field (there are: a)");
    let whole = Mistake { field: "".into(), fault: Fault::TooLong(9) };
    let listed = format!("{}", Listed(&[whole, Mistake { field: "c".into(), fault: Fault::Missing }]));
    assert_eq!(listed, "the init data is longer than 9 bytes; c: missing");
}
