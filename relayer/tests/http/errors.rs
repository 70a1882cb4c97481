use crate::world::{World, answer};
use phat_relayer::store::sqlite::SqliteStore;
use reqwest::{Method, StatusCode};
use serde_json::json;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    let world = World::new().await;
    let (status, body) = world.get("/v2/requests").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(body["detail"].as_str().unwrap().contains("/v2/requests"));
    world.stop().await;
}

#[tokio::test]
async fn another_method_is_a_problem() {
    let world = World::new().await;
    for (method, path) in [(Method::DELETE, "/v1/contracts"), (Method::POST, "/v1/requests"), (Method::GET, "/v1/code")]
    {
        let response = world.write(method, path).send().await.unwrap();
        assert!(response.headers().contains_key("allow"), "{path}");
        assert_eq!(answer(response).await.0, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    world.stop().await;
}

#[tokio::test]
async fn bodies_that_can_not_be_read_are_problems() {
    let world = World::new().await;
    let post = || world.write(Method::POST, "/v1/contracts");
    let json = || post().header("content-type", "application/json");
    let code_hash = format!("0x{}", "11".repeat(32));
    let whole = json!({ "name": "n", "code_hash": code_hash, "init_data": "0x" });
    let with = |key: &str, value: serde_json::Value| {
        let mut body = whole.clone();
        body[key] = value;
        json().body(body.to_string())
    };
    for (request, status, words) in [
        (post().body("{}"), StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type"),
        (json().body("{"), StatusCode::BAD_REQUEST, "EOF"),
        (json().body("{}"), StatusCode::BAD_REQUEST, "missing field"),
        (with("init_data", json!("xyz")), StatusCode::BAD_REQUEST, "0x"),
        (with("name", json!("")), StatusCode::BAD_REQUEST, "1 to 64 characters"),
        (with("ownr", json!("0x")), StatusCode::BAD_REQUEST, "unknown field"),
        (json().body(" ".repeat(256 * 1024 + 1)), StatusCode::PAYLOAD_TOO_LARGE, "limit"),
        (
            world.write(Method::PUT, "/v1/code").body(vec![0; 4 * 1024 * 1024 + 1]),
            StatusCode::PAYLOAD_TOO_LARGE,
            "limit",
        ),
    ] {
        let (found, body) = answer(request.send().await.unwrap()).await;
        assert_eq!(found, status, "{body}");
        assert!(body["detail"].as_str().unwrap().contains(words), "{words}: {body}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_database_that_fails_is_a_problem_without_its_words() {
    let world = World::new().await;
    let path = world.directory.path().join("relayer.db");
    let mut connection = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap();
    sqlx::query("DROP TABLE contracts").execute(&mut connection).await.unwrap();
    let (status, body) = world.get("/v1/contracts").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!body.to_string().contains("no such table"), "{body}");
    world.stop().await;
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_in_words() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relayer.db");
    drop(SqliteStore::open(&path).await.unwrap());
    let mut connection = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&path)).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (29990101000000, 'from the future', TRUE, x'00', 0)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let refused = SqliteStore::open(&path).await.unwrap_err().to_string();
    assert!(refused.contains("29990101000000") && refused.contains("newer release"), "{refused}");
}
