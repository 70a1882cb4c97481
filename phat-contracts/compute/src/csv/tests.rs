use super::{CsvError, Records};
use proptest::prelude::*;

fn records_of(text: &str, delimiter: u8) -> Result<Vec<Vec<String>>, CsvError> {
    let (mut records, mut fields, mut all) = (Records::of(text, delimiter), Vec::new(), Vec::new());
    while records.next_into(&mut fields)? {
        all.push(fields.iter().cloned().map(String::from).collect());
    }
    Ok(all)
}

fn records(text: &str) -> Result<Vec<Vec<String>>, CsvError> {
    records_of(text, b',')
}

#[test]
fn records_are_read_as_the_rfc_says() {
    for (text, expected) in [
        ("", vec![]),
        ("aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n", vec![vec!["aaa", "bbb", "ccc"], vec!["zzz", "yyy", "xxx"]]),
        ("aaa,bbb\nzzz,yyy", vec![vec!["aaa", "bbb"], vec!["zzz", "yyy"]]),
        ("\"aaa\",\"b\r\nbb\",\"ccc\"\r\nzzz", vec![vec!["aaa", "b\r\nbb", "ccc"], vec!["zzz"]]),
        ("\"aaa\",\"b\"\"bb\",\"\"", vec![vec!["aaa", "b\"bb", ""]]),
        ("a,,\n,\n", vec![vec!["a", "", ""], vec!["", ""]]),
        ("\n\r\na\n\n\nb\n\n", vec![vec!["a"], vec!["b"]]),
        ("\u{feff}a,b c , d", vec![vec!["a", "b c ", " d"]]),
        ("a\"b,c", vec![vec!["a\"b", "c"]]),
        ("ü,😀\r", vec![vec!["ü", "😀"]]),
    ] {
        assert_eq!(
            records(text),
            Ok(expected.into_iter().map(|record| record.into_iter().map(String::from).collect()).collect()),
            "{text:?}"
        );
    }
}

#[test]
fn what_is_no_csv_is_refused_with_its_line() {
    assert_eq!(records("a\nb,\"c"), Err(CsvError::Unclosed(2)));
    assert_eq!(records("a\n\"b\nc\"d,e"), Err(CsvError::BehindQuote(3)));
    assert_eq!(records("\"a\" ,b"), Err(CsvError::BehindQuote(1)));
}

#[test]
fn another_delimiter_is_the_only_one() {
    let read = records_of("a;b,c\n\"x;y\";z", b';').expect("CSV");
    assert_eq!(read, [["a", "b,c"], ["x;y", "z"]]);
}

proptest! {
    #[test]
    fn what_is_quoted_comes_back(rows in proptest::collection::vec(proptest::collection::vec("[a,\"\r\n;ü]{0,5}", 1..4), 0..5)) {
        let quote = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
        let text: String = rows.iter().map(|row| row.iter().map(quote).collect::<Vec<_>>().join(",") + "\r\n").collect();
        prop_assert_eq!(records(&text), Ok(rows));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a,\"\r\n]{0,24}") {
        let _ = records(&text);
    }
}
