use super::*;
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

/// A database with one table, and the writer over it.
async fn writer() -> (TempDir, Writer) {
    let folder = TempDir::new().unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join("rows.db")).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::query("CREATE TABLE rows (number INTEGER NOT NULL PRIMARY KEY)").execute(&mut connection).await.unwrap();
    (folder, Writer::start(connection))
}

/// Inserts a row.
async fn insert(connection: &mut SqliteConnection, number: i64) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO rows (number) VALUES (?)").bind(number).execute(connection).await?;
    Ok(())
}

/// Inserts what only the commit will find wrong.
async fn orphan(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO leaves (number) VALUES (77)").execute(connection).await?;
    Ok(())
}

/// Ends the transaction, as SQLite does by itself when the disk is full.
async fn fill_the_disk(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query("ROLLBACK").execute(connection).await?;
    Err(StoreError::Conflict { what: "the disk is full".to_owned() })
}

async fn rows(writer: &Writer) -> Vec<i64> {
    let read = writer.write(|connection| {
        Box::pin(async move {
            let rows: Vec<(i64,)> =
                sqlx::query_as("SELECT number FROM rows ORDER BY number").fetch_all(connection).await?;
            Ok(rows.into_iter().map(|(number,)| number).collect())
        })
    });
    read.await.unwrap()
}

/// Keeps the writing task busy until the returned sender is used.
async fn hold(writer: &Writer) -> oneshot::Sender<()> {
    let (started, begun) = oneshot::channel();
    let (release, released) = oneshot::channel::<()>();
    let held = writer.clone();
    tokio::spawn(async move {
        let waiting = held.write(move |_| {
            Box::pin(async move {
                started.send(()).unwrap();
                released.await.unwrap();
                Ok(())
            })
        });
        waiting.await.unwrap();
    });
    begun.await.unwrap();
    release
}

/// The answers to jobs that were all left while the writing task was busy, and so share one commit.
async fn together<T: Send + 'static>(
    writer: &Writer,
    jobs: impl IntoIterator<Item = impl Future<Output = Result<T, StoreError>>>,
) -> Vec<Result<T, StoreError>> {
    let release = hold(writer).await;
    let mut waiting = Box::pin(futures_util::future::join_all(jobs));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    release.send(()).unwrap();
    waiting.await
}

#[tokio::test]
async fn writes_that_wait_share_one_commit() {
    let (_folder, writer) = writer().await;
    let jobs = (0..100).map(|number| writer.write(move |connection| Box::pin(insert(connection, number))));
    let before = *writer.commits().borrow();
    assert!(together(&writer, jobs).await.iter().all(Result::is_ok));
    // One for the job that kept the task busy, one for the hundred.
    assert_eq!(*writer.commits().borrow() - before, 2);
    assert_eq!(rows(&writer).await, Vec::from_iter(0..100));
}

#[tokio::test]
async fn a_job_that_fails_is_undone_alone() {
    let (_folder, writer) = writer().await;
    let jobs = [1, 2, 3].map(|number| {
        writer.write(move |connection| {
            Box::pin(async move {
                insert(connection, number).await?;
                if number == 2 {
                    return Err(StoreError::Conflict { what: "the second".to_owned() });
                }
                Ok(number)
            })
        })
    });
    let answers = together(&writer, jobs).await;
    assert!(matches!(answers[..], [Ok(1), Err(StoreError::Conflict { .. }), Ok(3)]), "{answers:?}");
    assert_eq!(rows(&writer).await, [1, 3]);
}

#[tokio::test]
async fn what_a_caller_left_is_done_when_the_caller_is_gone() {
    let (_folder, writer) = writer().await;
    let release = hold(&writer).await;
    let mut dropped = Box::pin(writer.write(|connection| Box::pin(insert(connection, 1))));
    assert!(futures_util::poll!(&mut dropped).is_pending());
    drop(dropped);
    let beside = writer.write(|connection| Box::pin(insert(connection, 2)));
    release.send(()).unwrap();
    beside.await.unwrap();
    assert_eq!(rows(&writer).await, [1, 2]);
}

#[tokio::test]
async fn a_commit_that_fails_is_seen_by_everyone_who_shared_it_and_by_nobody_after() {
    let (_folder, writer) = writer().await;
    // A constraint that is looked at only as the transaction is committed.
    let broken = writer.write(|connection| {
        Box::pin(async move {
            sqlx::query("CREATE TABLE leaves (number INTEGER REFERENCES rows (number) DEFERRABLE INITIALLY DEFERRED)")
                .execute(connection)
                .await?;
            Ok(())
        })
    });
    broken.await.unwrap();
    let jobs: [BoxFuture<'_, _>; 3] = [
        Box::pin(writer.write(|connection| Box::pin(insert(connection, 1)))),
        Box::pin(writer.write(|connection| Box::pin(orphan(connection)))),
        Box::pin(writer.write(|connection| Box::pin(insert(connection, 2)))),
    ];
    let before = *writer.commits().borrow();
    let answers = together(&writer, jobs).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(StoreError::Lost(_)))), "{answers:?}");
    assert_eq!(*writer.commits().borrow() - before, 1);
    assert_eq!(rows(&writer).await, [0i64; 0]);
    writer.write(|connection| Box::pin(insert(connection, 3))).await.unwrap();
    assert_eq!(rows(&writer).await, [3]);
}

#[tokio::test]
async fn a_job_that_takes_the_whole_transaction_away_takes_its_neighbours_down_and_nothing_else() {
    let (_folder, writer) = writer().await;
    let jobs: [BoxFuture<'_, _>; 3] = [
        Box::pin(writer.write(|connection| Box::pin(insert(connection, 1)))),
        Box::pin(writer.write(|connection| Box::pin(fill_the_disk(connection)))),
        Box::pin(writer.write(|connection| Box::pin(insert(connection, 2)))),
    ];
    let answers = together(&writer, jobs).await;
    assert!(
        matches!(answers[..], [Err(StoreError::Lost(_)), Err(StoreError::Conflict { .. }), Err(StoreError::Lost(_))]),
        "{answers:?}"
    );
    assert_eq!(rows(&writer).await, [0i64; 0]);
}

#[tokio::test]
async fn a_writer_that_died_is_missed_and_answers_so() {
    let (_folder, writer) = writer().await;
    let died: Result<(), _> = writer.write(|_| Box::pin(async move { panic!("told so") })).await;
    assert!(matches!(died, Err(StoreError::Closed)), "{died:?}");
    writer.ended().await;
    let after = writer.write(|connection| Box::pin(insert(connection, 1))).await;
    assert!(matches!(after, Err(StoreError::Closed)), "{after:?}");
}

#[tokio::test]
async fn a_full_database_is_told_apart_and_takes_writes_once_there_is_room() {
    let (_folder, writer) = writer().await;
    let pages = |most: u32| {
        let bound = writer.write(move |connection| {
            Box::pin(async move {
                sqlx::query(sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {most}"))).execute(connection).await?;
                Ok(())
            })
        });
        async { bound.await.unwrap() }
    };
    let fill = || {
        writer.write(|connection| {
            Box::pin(async move {
                sqlx::query("CREATE TABLE large AS SELECT zeroblob(100000) AS content").execute(connection).await?;
                Ok(())
            })
        })
    };
    pages(4).await;
    let full = fill().await.unwrap_err();
    assert!(full.is_disk(), "{full:?}");
    pages(1_000).await;
    fill().await.unwrap();
    let again = fill().await.unwrap_err();
    assert!(!again.is_disk(), "the table is there: {again:?}");
}
