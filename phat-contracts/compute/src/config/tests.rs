use super::Config;
use crate::{Aggregate, Column, Comparison, Format, Operand};

const SOURCE: &str = r#""sources":[{"name":"a","origin":"https://a.example","path":"/{day}.csv"}]"#;
const SUM: &str = r#""format":"csv","column":"price","compute":"sum","type":"uint256""#;

fn parse(rest: &str) -> Result<Config, Vec<String>> {
    let config = Config::parse(format!("{{{SOURCE},{rest}}}").as_bytes());
    config.map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
}

fn mistakes(rest: &str) -> Vec<String> {
    parse(rest).expect_err("a mistake")
}

#[test]
fn what_is_left_out_has_its_default() {
    let config = parse(SUM).expect("good");
    assert_eq!(config.format, Format::Csv { delimiter: b',', header: true });
    assert_eq!(config.column, Some(Column::Name("price".into())));
    assert_eq!((config.places, config.decimals, config.signed), (18, 0, false));
    assert_eq!((config.first, config.skip_invalid), (false, false));
    let config = parse(r#""format":"json","compute":"count","type":"int256""#).expect("good");
    assert_eq!((config.column, config.aggregate, config.signed), (None, Aggregate::Count, true));
    assert_eq!(config.format, Format::Json { rows: "".parse().expect("a pointer") });
}

#[test]
fn a_whole_configuration_is_read() {
    let config = parse(
        r#""combine":"first","format":"csv","delimiter":"\t","header":false,"column":2,"compute":"quantile",
            "quantile":0.95,"places":4,"skip_invalid":true,"type":"uint256","decimals":2,
            "where":[{"column":0,"is":"eq","value":"{region}"},{"column":1,"is":"ge","value":10}]"#,
    )
    .expect("good");
    assert_eq!(config.format, Format::Csv { delimiter: b'\t', header: false });
    assert_eq!((config.aggregate, config.first), (Aggregate::Quantile(950_000), true));
    let [region, amount] = config.conditions.as_slice() else { panic!("{:?}", config.conditions) };
    assert_eq!((&region.column, region.comparison), (&Column::Index(0), Comparison::Equal));
    assert_eq!((&region.value, &amount.value), (&Operand::Open("region".into()), &Operand::Fixed("10".into())));
}

#[test]
fn mistakes_are_named_with_their_place() {
    assert_eq!(mistakes(&format!(r#"{SUM},"rows":"""#)), ["rows: has no meaning beside csv"]);
    assert_eq!(mistakes(&format!(r#"{SUM},"quantile":0.5"#)), ["quantile: has no meaning beside sum"]);
    for delimiter in ["", ",,", "\\n", "\\\"", "ü"] {
        let delimiter = format!(r#"{SUM},"delimiter":"{delimiter}""#);
        assert_eq!(mistakes(&delimiter), ["delimiter: must be one ASCII character, and no quote or line end"]);
    }
    for part in ["1.1", "-0.1", "0.1234567", "\"0.5\"", "1e9"] {
        let quantile = format!(r#""format":"json","column":"","compute":"quantile","quantile":{part},"type":"int256""#);
        let expected = "quantile: must be a number from 0 to 1 with at most six decimals";
        assert_eq!(mistakes(&quantile), [expected], "{part}");
    }
    let json = |rest: &str| mistakes(&format!(r#""format":"json","compute":"mean","type":"int256",{rest}"#));
    assert_eq!(json(r#""column":"price""#).len(), 1);
    assert_eq!(json(r#""places":1"#), ["column: missing"]);
    assert_eq!(json(r#""column":"","delimiter":",""#), ["delimiter: has no meaning beside json"]);
    let s3 = SOURCE.replace(r#""path""#, r#""s3":{"region":"a b"},"path""#);
    let found = Config::parse(format!("{{{s3},{SUM}}}").as_bytes()).expect_err("a mistake");
    let fields: Vec<&str> = found.iter().map(|mistake| mistake.field.as_str()).collect();
    assert_eq!(fields, ["sources[0].s3.region", "sources[0].s3.credentials"]);
    let condition = |text: &str| mistakes(&format!(r#"{SUM},"where":[{text}]"#));
    assert_eq!(condition(r#"{"column":"a","is":"like","value":1}"#).len(), 1);
    assert_eq!(condition(r#"{"column":"a","is":"eq","value":null}"#), ["where[0].value: must be a string or a number"]);
    assert_eq!(condition(r#"{"column":"a","is":"eq","value":"{a b}"}"#).len(), 1);
    assert_eq!(condition(r#"{"column":1,"is":"eq","value":"a"}"#), ["where[0].column: must be a string"]);
    let found = mistakes(r#""format":"xml","compute":"product","type":"bool""#);
    let fields: Vec<&str> = found.iter().map(|mistake| mistake.split(':').next().expect("a place")).collect();
    assert_eq!(fields, ["format", "compute", "type"]);
}
