//! How runs end.

mod support;

use phat_executor::{ExecutorConfig, Run, RunEnd};
use support::{executor, guest, query, run};

#[tokio::test]
async fn a_guest_returns_what_it_was_given() {
    let executor = executor(&ExecutorConfig::default());
    let result = run(&executor, Run { input: b"hello".to_vec(), ..query(&guest::echo()) }).await;
    assert_eq!(result.end, RunEnd::Returned { flags: 0, data: b"hello".to_vec() });
    assert!(result.fuel_used > 0);
}
