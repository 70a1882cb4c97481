use super::{Config, Fault, Mistake};
use phat_sdk::{answer::AnswerType, source::TemplateError};

fn mistakes(json: &str) -> Vec<Mistake> {
    Config::parse(json.as_bytes()).expect_err("a mistake")
}

fn mistake(field: &str, fault: Fault) -> Mistake {
    Mistake { field: field.into(), fault }
}

fn with_variables(variables: &str) -> String {
    format!(
        r#"{{"origin":"https://api.example","path":"/","query":"{{a}}","pointer":"","type":"bool","variables":{variables}}}"#
    )
}

#[test]
fn what_is_optional_may_be_left_out() {
    let least = r#"{"origin":"https://api.example","path":"/","query":"{a}","pointer":"/data/a","type":"int256"}"#;
    let config = Config::parse(least.as_bytes()).expect("good");
    assert_eq!(config.answer_type, AnswerType::Int256 { decimals: 0 });
    assert_eq!((config.operation, config.variables, config.headers.0), (None, None, Vec::new()));
    assert_eq!(config.query, "{a}");
}

#[test]
fn every_mistake_is_named_with_its_place() {
    let found = mistakes(r#"{"path":"a","query":1,"operation":2,"variables":[],"pointer":"x","type":"float","x":1}"#);
    let fields: Vec<&str> = found.iter().map(|mistake| mistake.field.as_str()).collect();
    assert_eq!(fields, ["origin", "path", "query", "operation", "variables", "pointer", "type", "x"]);
    assert_eq!(found[0], mistake("origin", Fault::Missing));
    assert_eq!(found[4], mistake("variables", Fault::WrongKind("an object")));
}

#[test]
fn variables_with_stray_braces_are_refused() {
    assert!(Config::parse(with_variables(r#"{"id":"{id}"}"#).as_bytes()).is_ok());
    let stray = mistakes(&with_variables(r#"{"id":"x{id}"}"#));
    assert_eq!(stray, [mistake("variables", Fault::Template(TemplateError::Braces("x{id}".into())))]);
}
