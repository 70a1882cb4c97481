//! A guest that behaves, or misbehaves, as the first word of its payload says. For tests alone.
//!
//! | payload | what it does |
//! | --- | --- |
//! | `echo TEXT` | answers TEXT |
//! | `error TEXT` | fails with error code 0 and TEXT |
//! | `spin` | loops for ever |
//! | `hog` | allocates without end |
//! | `recurse` | calls itself without end |
//! | `panic TEXT` | panics with TEXT |
//! | `huge N` | answers N bytes |
//! | `log N` | logs N lines of 1 KiB, then answers nothing |
//! | `fetch URL` | answers `STATUS LENGTH START` of a GET: the body's length, and its first 256 bytes |
//! | `flood N URL` | makes N such GETs one after another, and answers the last |
//! | `write KEY VALUE` | stores VALUE, reads it back and answers it |
//! | `secret NAME URL` | sends the secret NAME as header `authorization` and as the last part of the path, and answers as `fetch` |
//! | `secrets` | answers the names of its secrets, with spaces between |
//! | `read KEY` | answers the stored value, or fails with error code 1 |
//!
//! Init data: the constructor's selector and a SCALE string, `refuse` of which fails to deploy and
//! `trap` panics.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::hint::black_box;
use phat_sdk::{ContractError, Host, HttpRequest, HttpResponse, Level, OracleRequest, PhatContract};

/// The contract.
pub struct Probe;

/// What the probe fails with.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Asked for.
    #[error("{0}")]
    Asked(String),
    /// Nothing is stored under this key.
    #[error("nothing is stored under {0:?}")]
    NotStored(String),
    /// The payload is none of the table's.
    #[error("unknown behaviour {0:?}")]
    Unknown(String),
}

impl ContractError for ProbeError {
    fn code(&self) -> u8 {
        match self {
            Self::Asked(_) => 0,
            Self::NotStored(_) => 1,
            Self::Unknown(_) => 2,
        }
    }
}

const RESPONSE_CAPACITY: usize = 256 * 1024;

impl PhatContract for Probe {
    type Init = String;
    type Error = ProbeError;

    fn new(init: String) -> Result<Self, ProbeError> {
        match init.as_str() {
            "refuse" => Err(ProbeError::Asked(init)),
            "trap" => panic!("asked to trap in deploy"),
            _ => Ok(Self),
        }
    }

    fn handle_request(&self, host: &mut dyn Host, request: &OracleRequest) -> Result<Vec<u8>, ProbeError> {
        let payload = String::from_utf8_lossy(&request.payload);
        let (behaviour, argument) = payload.split_once(' ').unwrap_or((&payload, ""));
        let unknown = || ProbeError::Unknown(payload.to_string());
        match behaviour {
            "echo" => Ok(argument.into()),
            "error" => Err(ProbeError::Asked(argument.into())),
            "spin" => spin(),
            "hog" => hog(),
            "recurse" => Ok(vec![recurse(0)]),
            "panic" => panic!("{argument}"),
            "huge" => Ok(vec![0xaa; argument.parse().map_err(|_| unknown())?]),
            "log" => {
                let line = "probe ".repeat(170);
                (0..number(argument).ok_or_else(unknown)?).for_each(|_| host.log(Level::Info, &line));
                Ok(Vec::new())
            }
            "fetch" => Ok(fetch(host, argument)),
            "flood" => {
                let (count, url) = argument.split_once(' ').ok_or_else(unknown)?;
                Ok((0..number(count).ok_or_else(unknown)?).map(|_| fetch(host, url)).last().unwrap_or_default())
            }
            "write" => {
                let (key, value) = argument.split_once(' ').ok_or_else(unknown)?;
                host.write(key.as_bytes(), value.as_bytes());
                read(host, key)
            }
            "read" => read(host, argument),
            "secret" => {
                let (name, url) = argument.split_once(' ').ok_or_else(unknown)?;
                let secret = host.secret(name).ok_or_else(|| ProbeError::NotStored(name.into()))?;
                let secret = String::from_utf8_lossy(&secret);
                let request = HttpRequest::get(&format!("{url}/{secret}")).header("authorization", &secret);
                Ok(answered(&host.http(&request, RESPONSE_CAPACITY)))
            }
            "secrets" => Ok(host.secret_names().join(" ").into_bytes()),
            _ => Err(unknown()),
        }
    }
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok()
}

fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

fn hog() -> ! {
    let mut hoard = Vec::new();
    loop {
        hoard.push(black_box(vec![1_u8; 64 * 1024]));
    }
}

#[expect(unconditional_recursion, reason = "the stack is to overflow")]
fn recurse(depth: u8) -> u8 {
    let frame = black_box([depth; 512]);
    recurse(depth.wrapping_add(1)) ^ black_box(frame[1])
}

fn fetch(host: &mut dyn Host, url: &str) -> Vec<u8> {
    answered(&host.http(&HttpRequest::get(url), RESPONSE_CAPACITY))
}

fn answered(response: &HttpResponse) -> Vec<u8> {
    let mut answer = format!("{} {} ", response.status_code, response.body.len()).into_bytes();
    answer.extend(response.body.iter().take(256));
    answer
}

fn read(host: &mut dyn Host, key: &str) -> Result<Vec<u8>, ProbeError> {
    host.read(key.as_bytes()).ok_or_else(|| ProbeError::NotStored(key.into()))
}

phat_sdk::contract!(Probe);
