use super::{MAX_URL, Template, TemplateError};
use crate::source::{Origin, Parameters};
use alloc::{format, string::String, vec::Vec};
use proptest::prelude::*;

fn origin() -> Origin {
    "https://api.example.com".parse().expect("an origin")
}

fn fill(template: &str, parameters: &[(&str, &str)]) -> Result<String, TemplateError> {
    let parameters = parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Template::parse(template).expect("a template").fill(&origin(), &Parameters(parameters))
}

fn errors(template: &str) -> Vec<TemplateError> {
    Template::parse(template).expect_err("no template")
}

#[test]
fn placeholders_are_filled_in_path_and_query() {
    let url = fill(
        "/v1/{base}/{quote}?source={source}&format=json&again={base}",
        &[("base", "BTC"), ("quote", "US D"), ("source", "a&b=c#d/e?f")],
    );
    assert_eq!(
        url.as_deref(),
        Ok("https://api.example.com/v1/BTC/US%20D?source=a%26b%3Dc%23d%2Fe%3Ff&format=json&again=BTC")
    );
}

#[test]
fn templates_without_placeholders_stand_as_they_are() {
    for template in ["/", "/a", "/a/", "/a?b", "/a?b=", "/a?b=c&d=e/f?g", "/a%20b/~c;d=e,f:g@h", "/a...b/..c"] {
        assert_eq!(fill(template, &[]).as_deref(), Ok(format!("https://api.example.com{template}").as_str()));
    }
}

#[test]
fn unreserved_characters_stay_and_all_others_are_encoded() {
    let unreserved = "ABCXYZabcxyz0189-._~";
    assert_eq!(fill("/{a}", &[("a", unreserved)]), Ok(format!("https://api.example.com/{unreserved}")));
    assert_eq!(fill("/{a}", &[("a", "ü%/")]).as_deref(), Ok("https://api.example.com/%C3%BC%25%2F"));
}

#[test]
fn a_template_is_refused_for_every_reason_it_gives() {
    use TemplateError::*;
    assert_eq!(errors(""), [NoSlash]);
    assert_eq!(errors("v1"), [NoSlash]);
    assert_eq!(errors("https://api.example.com/"), [NoSlash]);
    assert_eq!(errors("/a//b"), [EmptySegment]);
    assert_eq!(errors("//evil.example"), [EmptySegment]);
    for dots in [".", "..", "%2e", "%2E.", ".%2e", "%2e%2E"] {
        assert_eq!(errors(&format!("/a/{dots}/b")), [DotSegment(dots.into())]);
    }
    for text in ["a b", "a#b", "a%", "a%2", "a%zz", "a\"b", "a\\b", "a|b", "ü", "a\nb", "a[b]"] {
        assert_eq!(errors(&format!("/{text}")), [Character(text.into())]);
        assert_eq!(errors(&format!("/?x={text}")), [Character(text.into())]);
    }
    for text in ["x{a}", "{a}x", "{a}{b}", "{a", "a}", "{{a}}", "}{"] {
        assert_eq!(errors(&format!("/{text}")), [NotWhole(text.into())]);
        assert_eq!(errors(&format!("/?x={text}")), [NotWhole(text.into())]);
    }
    assert_eq!(errors("/?{a}=1"), [NotWhole("{a}=1".into())]);
    assert_eq!(errors("/?{a}"), [NotWhole("{a}".into())]);
    for name in ["", "a-b", "a b", "ü", "a234567890123456789012345678901234"] {
        assert_eq!(errors(&format!("/{{{name}}}")), [Name(name.into())]);
    }
    assert_eq!(errors("/?a=1&&b=2"), [NamelessPair(String::new())]);
    assert_eq!(errors("/?=1"), [NamelessPair("=1".into())]);
    assert_eq!(errors(&format!("/{}", "a".repeat(MAX_URL))), [TooLong]);
    assert_eq!(
        errors("/a b//{x}y/..?=1"),
        [
            Character("a b".into()),
            EmptySegment,
            NotWhole("{x}y".into()),
            DotSegment("..".into()),
            NamelessPair("=1".into()),
        ]
    );
}

#[test]
fn parameters_must_be_exactly_the_placeholders() {
    assert_eq!(fill("/{a}/{b}", &[("a", "1")]), Err(TemplateError::MissingParameter("b".into())));
    assert_eq!(fill("/{a}", &[("a", "1"), ("c", "2")]), Err(TemplateError::UnknownParameter("c".into())));
}

#[test]
fn a_value_never_changes_the_path() {
    for value in [".", "..", "../x", "x/..", "a/./b", "..\\x", "a\\.."] {
        assert_eq!(fill("/{a}/b", &[("a", value)]), Err(TemplateError::DotParameter("a".into())), "{value}");
        assert!(fill("/b?x={a}", &[("a", value)]).is_ok(), "{value}");
    }
    assert_eq!(fill("/{a}", &[("a", "")]), Err(TemplateError::EmptyParameter("a".into())));
    assert_eq!(fill("/?x={a}", &[("a", "")]).as_deref(), Ok("https://api.example.com/?x="));
    for place in ["/{a}", "/?x={a}"] {
        for value in ["a\nb", "a\0b", "\u{85}"] {
            assert_eq!(fill(place, &[("a", value)]), Err(TemplateError::ControlParameter("a".into())), "{value:?}");
        }
    }
}

fn fill_mixed(template: &str, base: &str) -> Result<String, TemplateError> {
    let parameters =
        Parameters([("base", base), ("quote", "USD")].map(|(name, value)| (name.into(), value.into())).into());
    Template::parse_mixed(template).expect("a template").fill(&origin(), &parameters)
}

#[test]
fn mixed_placeholders_stand_beside_other_text_and_each_other() {
    for (template, path) in [
        ("/p/{base}-{quote}/spot", "/p/BTC-USD/spot"),
        ("/p?pair={base}{quote}&x=1", "/p?pair=BTCUSD&x=1"),
        ("/p?pair=t{base}:{quote}", "/p?pair=tBTC:USD"),
        ("/{base}/{quote}", "/BTC/USD"),
    ] {
        assert_eq!(fill_mixed(template, "BTC"), Ok(format!("https://api.example.com{path}")));
    }
}

#[test]
fn a_value_beside_other_text_never_changes_the_path() {
    for value in ["", ".", "..", "a/b", "a&b", "a b", "a%", "ü"] {
        for template in ["/{base}{quote}", "/.{base}/{quote}", "/?x={base}{quote}"] {
            assert_eq!(fill_mixed(template, value), Err(TemplateError::NotPlain("base".into())), "{value}");
        }
    }
    // A whole segment takes what it always takes.
    assert_eq!(fill_mixed("/{base}/{quote}", "a b"), Ok("https://api.example.com/a%20b/USD".into()));
}

#[test]
fn a_mixed_template_is_refused_for_every_reason_it_gives() {
    use TemplateError::*;
    let errors = |template: &str| Template::parse_mixed(template).expect_err("no template");
    for text in ["{a", "a}", "{{a}}", "}{", "{a}{"] {
        assert_eq!(errors(&format!("/{text}")), [Braces(text.into())]);
    }
    assert_eq!(errors("/{a-b}c"), [Name("a-b".into())]);
    assert_eq!(errors("/{a} {b}"), [Character(" ".into())]);
    assert_eq!(errors("/{a}b/../c//"), [DotSegment("..".into()), EmptySegment]);
    assert_eq!(errors("/?x{a}=1"), [NotWhole("x{a}=1".into())]);
}

#[test]
fn a_url_that_grows_too_long_is_refused() {
    let template = "/{a}".repeat(30);
    assert_eq!(fill(&template, &[("a", &"ü".repeat(25))]), Err(TemplateError::UrlTooLong));
    assert!(fill(&template, &[("a", &"ü".repeat(20))]).is_ok());
}

/// Undoes percent-encoding, as a server does.
fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned()
}

proptest! {
    #[test]
    fn a_filled_url_keeps_its_shape_whatever_the_values(segment in "\\PC{1,40}", value in "\\PC{0,40}") {
        let filled = fill("/v1/{s}/price?x={v}&y=z", &[("s", &segment), ("v", &value)]);
        prop_assume!(filled.is_ok());
        let url = filled.expect("checked");
        let rest = url.strip_prefix("https://api.example.com/v1/").expect("the origin and the path before it");
        let (filled_segment, rest) = rest.split_once("/price?x=").expect("the path after it");
        let (filled_value, rest) = rest.split_once("&y=").expect("the next pair");
        prop_assert_eq!(rest, "z");
        prop_assert!(filled_segment != "." && filled_segment != "..");
        for filled in [filled_segment, filled_value] {
            prop_assert!(filled.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)));
        }
        prop_assert_eq!(decoded(filled_segment), segment);
        prop_assert_eq!(decoded(filled_value), value);
    }

    #[test]
    fn a_template_that_is_accepted_is_safe_to_append_to_an_origin(template in "[/?&={}a.%2e#@:\\\\ ]{0,16}") {
        if let Ok(template) = Template::parse(&template) {
            let names: std::collections::BTreeSet<String> = template.names().map(String::from).collect();
            let parameters = Parameters(names.into_iter().map(|name| (name, "x".into())).collect());
            let url = template.fill(&origin(), &parameters).expect("filled");
            let path = url.strip_prefix("https://api.example.com/").expect("the origin, then a slash");
            let unsafe_characters = ['#', '{', '}', ' ', '\\'];
            prop_assert!(!path.contains(unsafe_characters));
            let segments = path.split('?').next().expect("a path").split('/');
            prop_assert!(!segments.map(decoded).any(|segment| segment == "." || segment == ".."));
        }
    }
}
