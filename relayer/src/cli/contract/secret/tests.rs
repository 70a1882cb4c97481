use super::*;

fn set(secrets: &[&str], origins: &[&str]) -> anyhow::Result<Vec<Secret>> {
    let named: Vec<Named> = secrets.iter().map(|text| text.parse().unwrap()).collect();
    let origins: Vec<String> = origins.iter().map(|text| (*text).to_owned()).collect();
    whole_set(&named, &origins)
}

#[test]
fn origins_are_for_all_secrets_or_for_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("value");
    std::fs::write(&path, "hush\n").unwrap();
    let (first, second) = (format!("a=@{}", path.display()), format!("b=@{}", path.display()));
    let set = set(&[&first, &second], &["https://all.example/", "b=https://b.example:8443"]).unwrap();
    assert_eq!(set[0].origins, ["https://all.example"]);
    assert_eq!(set[1].origins, ["https://all.example", "https://b.example:8443"]);
    assert_eq!(set[0].value, b"hush");
}

#[test]
fn what_makes_no_set_is_refused_with_the_reason() {
    for (secrets, origins, words) in [
        (&["a=-"][..], &["https://a.example/path"][..], "more than scheme, host and port"),
        (&["a=-"], &["b=https://a.example"], "no secret called b"),
        (&["a=-", "b=-"], &[], "standard input holds one secret"),
        (&["a=env:PHAT_NO_SUCH_VARIABLE"], &[], "there is no variable"),
        (&["a=@/no/such/file"], &[], "can't be read"),
        (&["a=env:PATH", "a=env:PATH"], &[], "two secrets are called a"),
    ] {
        let refused = format!("{:#}", set(secrets, origins).unwrap_err());
        assert!(refused.contains(words), "{refused}");
    }
}
