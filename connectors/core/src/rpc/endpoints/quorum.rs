//! What counts only when several endpoints say the same.

use super::{Endpoint, Endpoints};
use crate::{ChainError, rpc::CallError};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::{future::Future, time::Duration};
use tokio::time::{Instant, sleep};

/// How often endpoints are asked again that differ: the newest block reaches one a little before another.
const ROUNDS: u32 = 4;
/// How long to wait between two rounds.
const BETWEEN_ROUNDS: Duration = Duration::from_millis(150);

/// One answer, and who gave it.
struct Vote<T, Key> {
    key: Key,
    answer: T,
    by: Vec<Endpoint>,
}

/// What a round of questions came to.
enum Round<T> {
    Agreed(T),
    /// Several answered, and not the same.
    Differed(Vec<Endpoint>),
    /// Too few answered.
    Failed(CallError),
}

impl Endpoints {
    /// Asks until as many endpoints as the quorum has say the same, by what `key` makes of their answers. Who said
    /// something else meanwhile is marked.
    ///
    /// # Errors
    /// `Disagreement` where they differ; otherwise the first that one of too few met. An error that is no
    /// endpoint's own is the answer.
    pub async fn agree<T, Key, Asking>(
        &self,
        method: &str,
        reach: Option<u64>,
        key: impl Fn(&T) -> Key,
        ask: impl Fn(Endpoint) -> Asking,
    ) -> Result<T, CallError>
    where
        Key: PartialEq,
        Asking: Future<Output = Result<T, CallError>>,
    {
        if self.quorum() <= 1 {
            return self.read(reach, ask).await;
        }
        let mut rounds = 1;
        loop {
            match self.round(method, reach, &key, &ask).await? {
                Round::Agreed(answer) => return Ok(answer),
                Round::Failed(error) => return Err(error),
                Round::Differed(_) if rounds < ROUNDS => {
                    rounds += 1;
                    sleep(BETWEEN_ROUNDS).await;
                }
                Round::Differed(endpoints) => {
                    let mut endpoints: Vec<String> = endpoints.iter().map(|it| it.name().to_owned()).collect();
                    endpoints.sort_unstable();
                    return Err(ChainError::Disagreement {
                        method: method.to_owned(),
                        needed: self.quorum(),
                        endpoints,
                    }
                    .into());
                }
            }
        }
    }

    async fn round<T, Key, Asking>(
        &self,
        method: &str,
        reach: Option<u64>,
        key: &impl Fn(&T) -> Key,
        ask: &impl Fn(Endpoint) -> Asking,
    ) -> Result<Round<T>, CallError>
    where
        Key: PartialEq,
        Asking: Future<Output = Result<T, CallError>>,
    {
        let mut waiting = self.in_order(reach).into_iter();
        let mut running = FuturesUnordered::new();
        let mut votes: Vec<Vote<T, Key>> = Vec::new();
        let mut first_error = None;
        loop {
            // As many as could still agree with the most that do.
            let most = votes.iter().map(|vote| vote.by.len()).max().unwrap_or(0);
            while most + running.len() < self.quorum() {
                let Some(endpoint) = waiting.next() else { break };
                running.push(self.asked(endpoint, ask));
            }
            if running.is_empty() {
                break;
            }
            let has_more = waiting.len() > 0;
            tokio::select! {
                biased;
                Some((endpoint, answer)) = running.next() => match answer {
                    Err(error) if error.is_elsewhere_better() => {
                        first_error.get_or_insert(error);
                    }
                    Err(word) => {
                        self.served(&endpoint);
                        return Err(word);
                    }
                    Ok(answer) => {
                        let counted = key(&answer);
                        let place = votes.iter().position(|vote| vote.key == counted);
                        match place.and_then(|place| votes.get_mut(place)) {
                            Some(vote) => vote.by.push(endpoint),
                            None => votes.push(Vote { key: counted, answer, by: vec![endpoint] }),
                        }
                        if let Some(agreed) = votes.iter().position(|vote| vote.by.len() >= self.quorum()) {
                            let agreed = votes.swap_remove(agreed);
                            votes.iter().flat_map(|vote| &vote.by).for_each(|minority| minority.dissented(method));
                            if let Some(first) = agreed.by.first() {
                                self.served(first);
                            }
                            return Ok(Round::Agreed(agreed.answer));
                        }
                    }
                },
                () = sleep(self.0.patience), if has_more => {
                    if let Some(endpoint) = waiting.next() {
                        running.push(self.asked(endpoint, ask));
                    }
                }
            }
        }
        Ok(match (votes.len(), first_error) {
            (0 | 1, Some(error)) => Round::Failed(error),
            (0 | 1, None) => Round::Failed(self.too_few(method).into()),
            (_, _) => Round::Differed(votes.into_iter().flat_map(|vote| vote.by).collect()),
        })
    }

    /// What every endpoint answers that is of use now: those that do well, or all that may be called where fewer than a
    /// quorum do. Waits a little for the slow ones once a quorum has answered.
    ///
    /// # Errors
    /// Where fewer than a quorum answer.
    pub async fn survey<T, Asking>(
        &self,
        method: &str,
        ask: impl Fn(Endpoint) -> Asking,
    ) -> Result<Vec<(Endpoint, T)>, CallError>
    where
        Asking: Future<Output = Result<T, CallError>>,
    {
        let now = Instant::now();
        let all = self.in_order(None);
        let well: Vec<Endpoint> = all.iter().filter(|endpoint| endpoint.state(now).is_well()).cloned().collect();
        let chosen = if well.len() < self.quorum() { all } else { well };
        let mut running: FuturesUnordered<_> = chosen.into_iter().map(|endpoint| self.asked(endpoint, &ask)).collect();
        let (mut answers, mut first_error) = (Vec::new(), None);
        loop {
            let is_enough = answers.len() >= self.quorum();
            tokio::select! {
                biased;
                next = running.next() => match next {
                    Some((endpoint, Ok(answer))) => answers.push((endpoint, answer)),
                    Some((_, Err(error))) => {
                        first_error.get_or_insert(error);
                    }
                    None => break,
                },
                () = sleep(BETWEEN_ROUNDS), if is_enough => break,
            }
        }
        if answers.len() < self.quorum() {
            return Err(first_error.unwrap_or_else(|| self.too_few(method).into()));
        }
        Ok(answers)
    }

    /// Why there is no quorum though nobody failed: some rest, or are on another chain.
    fn too_few(&self, method: &str) -> ChainError {
        let resting = self.all_rest();
        if resting.retry_after().is_some() {
            return resting;
        }
        let endpoints = self.in_order(None).iter().map(|endpoint| endpoint.name().to_owned()).collect();
        ChainError::Disagreement { method: method.to_owned(), needed: self.quorum(), endpoints }
    }
}
