use super::Config;

const BUCKET: &str = r#""origin":"https://s3.example:9000","region":"us-east-1","bucket":"prices""#;
const CREDENTIALS: &str = r#""credentials":{"access_key":"id","secret_key":"key"}"#;

fn parse(rest: &str) -> Result<Config, Vec<String>> {
    let config = Config::parse(format!("{{{BUCKET},{rest}}}").as_bytes());
    config.map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
}

fn mistakes(rest: &str) -> Vec<String> {
    parse(rest).expect_err("a mistake")
}

#[test]
fn a_bucket_is_a_host_or_a_part_of_the_path() {
    let get = r#""operation":"get","key":"a","type":"bytes""#;
    let hosted = parse(get).expect("good").bucket;
    assert_eq!((hosted.origin.to_string().as_str(), hosted.root.as_str()), ("https://prices.s3.example:9000", "/"));
    let within = parse(&format!(r#"{get},"style":"path""#)).expect("good").bucket;
    assert_eq!((within.origin.to_string().as_str(), within.root.as_str()), ("https://s3.example:9000", "/prices/"));
}

#[test]
fn each_operation_has_its_fields() {
    for good in [
        r#""operation":"get","key":"a/{day}.json","pointer":"/x","type":"uint256","decimals":8"#,
        r#""operation":"get","key":"a","type":"string""#,
        r#""operation":"head","key":"a","type":"(bool,uint256,string)""#,
        r#""operation":"list","type":"(string[],bool)""#,
        r#""operation":"list","prefix":"a/{day}","most":200,"type":"(string[],bool)""#,
    ] {
        assert!(parse(good).is_ok(), "{good}: {:?}", parse(good));
        assert!(parse(&format!("{good},{CREDENTIALS}")).is_ok(), "{good}");
    }
    for good in [
        r#""operation":"put","key":"a","type":"string""#,
        r#""operation":"put","key":"a/{id}","content":{"v":"{v}"},"content_type":"text/x","type":"string""#,
        r#""operation":"presign","key":"a/{id}","method":"PUT","expires":60,"type":"string""#,
    ] {
        assert!(parse(&format!("{good},{CREDENTIALS}")).is_ok(), "{good}");
        assert_eq!(mistakes(good), ["credentials: missing"]);
    }
}

#[test]
fn mistakes_are_named_with_their_place() {
    assert_eq!(
        mistakes(r#""operation":"head","key":"a","type":"bool""#),
        ["type: \"bool\" is none of (bool,uint256,string)"]
    );
    let beside = mistakes(r#""operation":"get","key":"a","type":"bytes","expires":1,"prefix":"b""#);
    assert_eq!(beside, ["prefix: has no meaning for get", "expires: has no meaning for get"]);
    let put = |rest: &str| mistakes(&format!(r#"{CREDENTIALS},"operation":"put","type":"string",{rest}"#));
    assert_eq!(put(r#""key":"a/{id}""#), ["key: must be without placeholders where the payload is the content"]);
    assert_eq!(put(r#""key":"a","content":"x{id}""#).len(), 1);
    assert_eq!(put(r#""key":"a","content_type":"a\nb""#), ["content_type: must be a media type"]);
    let get = |key: &str| mistakes(&format!(r#""operation":"get","type":"bytes","key":"{key}""#));
    for key in ["/a", "a//b", "a/../b", "a b", "{x", "a?b={c d}", "a#b"] {
        assert_eq!(get(key).len(), 1, "{key}: {:?}", get(key));
    }
    for bucket in ["a", "Prices", "a..b", ".ab", "a/b", "a_b"] {
        let json = format!(
            r#"{{"origin":"https://s3.example","region":"r","bucket":"{bucket}","operation":"list","type":"(string[],bool)"}}"#
        );
        let found = Config::parse(json.as_bytes()).expect_err("a mistake");
        assert_eq!((found.len(), found[0].field.as_str()), (1, "bucket"), "{bucket}");
    }
    let credentials =
        mistakes(r#""operation":"list","type":"(string[],bool)","credentials":{"access_key":"a","key":"b"}"#);
    let fields: Vec<&str> = credentials.iter().map(|mistake| mistake.split(':').next().expect("a place")).collect();
    assert_eq!(fields, ["credentials.secret_key", "credentials.key"]);
}
