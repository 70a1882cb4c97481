use super::{Bounded, PATIENCE};
use std::io::ErrorKind;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    time::{Duration, Instant, sleep},
};

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_is_given_up() {
    let (ours, _theirs) = duplex(8);
    let mut ours = Bounded::new(ours, PATIENCE);
    let began = Instant::now();
    let error = ours.write_all(&[0; 9]).await.unwrap_err();
    assert_eq!((error.kind(), began.elapsed().as_secs()), (ErrorKind::TimedOut, 60));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_is_waited_for() {
    let (ours, mut theirs) = duplex(1);
    let mut ours = Bounded::new(ours, PATIENCE);
    let reading = tokio::spawn(async move {
        let mut byte = [0; 1];
        for _ in 0..5 {
            sleep(PATIENCE - Duration::from_secs(1)).await;
            theirs.read_exact(&mut byte).await.unwrap();
        }
    });
    ours.write_all(&[0; 5]).await.unwrap();
    reading.await.unwrap();
}
