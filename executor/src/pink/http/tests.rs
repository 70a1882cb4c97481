use super::*;
use parity_scale_codec::Decode;

fn response(body: usize) -> Result<HttpResponse, FetchError> {
    Ok(HttpResponse { status_code: 200, reason_phrase: "OK".into(), headers: Vec::new(), body: vec![1; body] })
}

fn decoded(bytes: &[u8]) -> Vec<Result<HttpResponse, HttpRequestError>> {
    Decode::decode(&mut &bytes[..]).unwrap()
}

#[test]
fn a_response_that_just_fits_is_given_and_one_byte_more_is_said_to_be_too_large() {
    let length = response(500).unwrap().encode().len();
    assert_eq!(single(response(500), length), response(500).unwrap().encode());
    let answer = HttpResponse::decode(&mut &single(response(500), length - 1)[..]).unwrap();
    assert_eq!((answer.status_code, answer.reason_phrase.as_str()), (524, "Response Too Large"));
    let text = String::from_utf8(answer.body.clone()).unwrap();
    assert!(text.contains(&length.to_string()) && text.contains(&(length - 1).to_string()), "{text}");
    let shortest = HttpResponse::decode(&mut &single(response(500), 20)[..]).unwrap();
    assert_eq!((shortest.status_code, shortest.encode().len()), (524, 5));
}

#[test]
fn of_a_batch_the_largest_give_way_first() {
    let results = || vec![response(100), response(3000), response(200), Err(FetchError::InvalidMethod)];
    let all = results().into_iter().map(|result| result.map_err(|error| code(&error))).collect::<Vec<_>>().encode();
    assert_eq!(several(results(), all.len()).as_ref(), Some(&all));
    let fitting = decoded(&several(results(), all.len() - 1).unwrap());
    assert_eq!(fitting[1], Err(HttpRequestError::ResponseTooLarge));
    assert!(fitting[0].is_ok() && fitting[2].is_ok());
    assert_eq!(fitting[3], Err(HttpRequestError::InvalidMethod));
    let least = decoded(&several(results(), 150).unwrap());
    assert_eq!(least.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(least[0].as_ref().map(|response| response.body.len()), Ok(100));
    assert!(several(results(), 9).is_some());
    assert_eq!(several(results(), 8), None);
}

#[test]
fn every_failure_has_the_number_that_contracts_know() {
    let numbers = [
        (FetchError::InvalidUrl(String::new()), 0),
        (FetchError::InvalidMethod, 1),
        (FetchError::InvalidHeaderName(0), 2),
        (FetchError::InvalidHeaderValue(0), 3),
        (FetchError::Late(Duration::ZERO), 5),
        (FetchError::Denied(crate::Denial::Downgrade), 6),
        (FetchError::Network(String::new()), 8),
        (FetchError::TooLarge { limit: 0 }, 9),
        (FetchError::BeyondBuffer { room: 0 }, 9),
        (FetchError::TooManyHeaders { limit: 0 }, 10),
    ];
    for (error, number) in numbers {
        let code = code(&error);
        assert_eq!(code.encode(), [number]);
        assert_eq!(code.status(), u32::from(number) + 1);
    }
    assert_eq!(HttpRequestError::TooManyRequests.status(), 8);
}
