use super::Config;

const CALL: &str = r#""address":"0x2222222222222222222222222222222222222222","signature":"f()""#;
const A: &str = r#"{"name":"a","origin":"https://a.example","path":"/"}"#;
const B: &str = r#"{"name":"b","origin":"https://b.example","path":"/v2?key=x","headers":{"X-A":"b"}}"#;

fn mistakes(endpoints: &str, more: &str) -> Vec<String> {
    let json = format!(r#"{{"endpoints":{endpoints},{CALL}{more}}}"#);
    let mistakes = Config::parse(json.as_bytes()).expect_err("a mistake");
    mistakes.iter().map(ToString::to_string).collect()
}

#[test]
fn more_than_half_of_the_endpoints_must_agree_unless_it_is_said_otherwise() {
    let minimum = |endpoints: &str, more: &str| {
        let json = format!(r#"{{"endpoints":[{endpoints}],{CALL}{more}}}"#);
        Config::parse(json.as_bytes()).expect("good").quorum
    };
    assert_eq!(minimum(A, "").minimum, 1);
    assert_eq!(minimum(&format!("{A},{B}"), "").minimum, 2);
    let quorum = minimum(&format!("{A},{B}"), r#","minimum":1,"timeout_ms":700"#);
    assert_eq!((quorum.minimum, quorum.timeout_ms), (1, 700));
    assert_eq!(minimum(A, "").timeout_ms, 3_000);
}

#[test]
fn what_is_wrong_with_the_endpoints_is_named_with_its_place() {
    let none = "must be a list of 1 to 5 endpoints";
    assert_eq!(mistakes("[]", ""), [format!("endpoints: {none}")]);
    assert_eq!(mistakes(&format!("[{A},{A}]"), ""), ["endpoints[1].name: another has the name \"a\""]);
    let open = A.replace("\"/\"", "\"/{key}\"");
    assert_eq!(mistakes(&format!("[{open}]"), ""), ["endpoints[0].path: the parameter \"key\" is missing"]);
    let found = mistakes(r#"[{"name":"a b","origin":"ftp://a","url":"x"}]"#, "");
    let fields: Vec<&str> = found.iter().map(|mistake| mistake.split(':').next().expect("a place")).collect();
    let expected = ["endpoints[0].name", "endpoints[0].origin", "endpoints[0].path", "endpoints[0].url"];
    assert_eq!(fields, expected);
    for more in [r#","minimum":2"#, r#","minimum":0"#, r#","timeout_ms":3001"#, r#","timeout_ms":99"#] {
        assert_eq!(mistakes(&format!("[{A}]"), more).len(), 1, "{more}");
    }
}
