use crate::Finality;

#[test]
fn finality_reads_what_it_writes() {
    for text in ["latest", "latest - 12", "safe", "finalized"] {
        let finality: Finality = text.parse().unwrap();
        assert_eq!(finality.to_string(), text);
    }
    assert_eq!("latest-3".parse(), Ok(Finality::Latest(3)));
}

#[test]
fn finality_refuses_other_words() {
    for text in ["", "earliest", "latest + 1", "latest - ", "latest - -1", "final"] {
        assert!(text.parse::<Finality>().is_err(), "{text:?} was taken");
    }
}
