//! Responses: whatever a server sends, in whatever pieces, the guest is answered within its limits.

use crate::host::{SECRET, Stage};
use parity_scale_codec::{Decode, Encode};
use phat_executor::{AllowEntry, Entry, ExecutorConfig, HttpLimits, HttpResult, Mode, RunEnd};
use std::{
    io,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const NAME: &str = "source.test";
const BODY: u32 = 32 * 1024;

/// Reads its secret, which binds it to the one server, and hands its input to `http_request`.
const FETCHER: &str = r#"(module
    (import "env" "memory" (memory 4 4))
    (import "seal0" "input" (func $input (param i32 i32)))
    (import "seal0" "seal_return" (func $return (param i32 i32 i32)))
    (import "seal0" "call_chain_extension" (func $extension (param i32 i32 i32 i32 i32) (result i32)))
    (data (i32.const 65000) "\14token")
    (data (i32.const 65100) "\00\01\00\00")
    (func (export "deploy"))
    (func (export "call")
        (drop (call $extension (i32.const 0x10001) (i32.const 65000) (i32.const 6) (i32.const 65200) (i32.const 65100)))
        (i32.store (i32.const 0) (i32.const 60000))
        (call $input (i32.const 4) (i32.const 0))
        (i32.store (i32.const 65100) (i32.const 100000))
        (drop (call $extension (i32.const 1) (i32.const 4) (i32.load (i32.const 0)) (i32.const 65536) (i32.const 65100)))
        (call $return (i32.const 0) (i32.const 65536) (i32.load (i32.const 65100)))))"#;

/// An executor, and a server that answers every connection with the same pieces.
struct Scene {
    stage: Stage,
    pieces: Arc<Mutex<Vec<Vec<u8>>>>,
    code: Arc<[u8]>,
    url: String,
}

static SCENE: LazyLock<Scene> = LazyLock::new(|| scene().unwrap_or_else(|error| panic!("{error}")));

fn scene() -> io::Result<Scene> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    let origin = format!("http://{NAME}:{port}");
    let mut config = ExecutorConfig::default();
    config.egress.allow.push(AllowEntry { host: NAME.into(), port, http: true, root_pem: None });
    config.limits.http =
        HttpLimits { response_bytes: BODY, headers: 32, timeout: Duration::from_secs(5), ..HttpLimits::default() };
    let stage = Stage::new(&config, vec![origin.clone()]);
    let pieces = Arc::new(Mutex::new(Vec::new()));
    let served = Arc::clone(&pieces);
    stage.runtime().spawn(async move { serve(TcpListener::from_std(listener)?, served).await });
    let code: Arc<[u8]> = wat::parse_str(FETCHER).map_err(io::Error::other)?.into();
    debug_assert_eq!(SECRET.encode(), b"\x14token");
    Ok(Scene { stage, pieces, code, url: format!("{origin}/path") })
}

async fn serve(listener: TcpListener, pieces: Arc<Mutex<Vec<Vec<u8>>>>) -> io::Result<()> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        let pieces = pieces.lock().unwrap_or_else(PoisonError::into_inner).clone();
        tokio::spawn(async move {
            let mut request = [0; 2_048];
            let _ = stream.read(&mut request).await;
            for piece in pieces {
                // A client that has heard enough hangs up.
                if stream.write_all(&piece).await.is_err() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        });
    }
}

/// The first byte says by which method, the second where the rest, which is what the server sends, is cut in pieces.
pub fn fuzz(bytes: &[u8]) {
    let [method, cut, response @ ..] = bytes else { return };
    let method = ["GET", "GET", "HEAD", "POST"][usize::from(method % 4)];
    let piece = usize::from(*cut).max(1);
    let pieces = if *cut == 0 { vec![response.to_vec()] } else { response.chunks(piece).map(<[u8]>::to_vec).collect() };
    let Scene { stage, pieces: served, code, url } = &*SCENE;
    *served.lock().unwrap_or_else(PoisonError::into_inner) = pieces;
    let input = (url, method, Vec::<(String, String)>::new(), Vec::<u8>::new()).encode();
    let Some(result) = stage.run(code, Entry::Call, Mode::Query, &input) else { return };
    let RunEnd::Returned { data, .. } = &result.end else { panic!("{:?}", result.end) };
    let answer = <(u16, String, Vec<(String, String)>, Vec<u8>)>::decode(&mut data.as_slice());
    let (status, _, headers, body) = answer.unwrap_or_else(|error| panic!("{error}"));
    assert!(headers.len() <= 32 && body.len() <= 32 * 1024);
    let [call] = &result.http[..] else { panic!("{:?}", result.http) };
    match &call.result {
        HttpResult::Status(told) => assert_eq!(*told, status),
        // A redirect to elsewhere.
        HttpResult::Denied(_) => assert_eq!(status, 523),
        HttpResult::Failed(_) => assert!(matches!(status, 523 | 524), "{status}"),
    }
    for (name, value) in headers {
        assert!(!name.contains(['\r', '\n', ':', ' ']) && !value.contains(['\r', '\n', '\0']), "{name}: {value}");
    }
}
