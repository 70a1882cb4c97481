use phat_protocol::RequestId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::watch;

/// The requests that are being answered, so that an id is worked on once however many ask for it.
#[derive(Debug)]
pub(crate) struct Flights<T> {
    aloft: Mutex<HashMap<RequestId, watch::Receiver<Option<T>>>>,
}

/// The right and the duty to work on an id. Dropping it without an answer tells the others so.
#[derive(Debug)]
pub(crate) struct Lead<T> {
    flights: Arc<Flights<T>>,
    id: RequestId,
    landing: watch::Sender<Option<T>>,
}

/// The answer to come.
#[derive(Debug)]
pub(crate) struct Follow<T>(watch::Receiver<Option<T>>);

/// Who works on the id.
#[derive(Debug)]
pub(crate) enum Flight<T> {
    /// The caller. The second part is its own way to wait.
    Led(Lead<T>, Follow<T>),
    /// Somebody else already.
    Followed(Follow<T>),
}

impl<T: Clone> Flights<T> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { aloft: Mutex::default() })
    }

    /// Joins the flight for `id`, and starts one where there is none.
    pub(crate) fn join(self: &Arc<Self>, id: RequestId) -> Flight<T> {
        let mut aloft = self.aloft.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(landing) = aloft.get(&id) {
            return Flight::Followed(Follow(landing.clone()));
        }
        let (landing, follow) = watch::channel(None);
        aloft.insert(id, follow.clone());
        Flight::Led(Lead { flights: Arc::clone(self), id, landing }, Follow(follow))
    }
}

impl<T> Lead<T> {
    /// Answers everybody who waits. Who comes later starts a new flight.
    pub(crate) fn land(self, answer: T) {
        self.landing.send_replace(Some(answer));
    }
}

impl<T> Drop for Lead<T> {
    fn drop(&mut self) {
        self.flights.aloft.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl<T: Clone> Follow<T> {
    /// Waits for the answer; none when its leader was dropped without one.
    pub(crate) async fn landed(mut self) -> Option<T> {
        let answer = self.0.wait_for(Option::is_some).await.ok()?;
        answer.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: RequestId = RequestId([1; 32]);

    #[tokio::test]
    async fn everybody_gets_the_leaders_answer_and_the_next_starts_anew() {
        let flights = Flights::new();
        let Flight::Led(lead, own) = flights.join(ID) else { panic!("no one was there before") };
        let Flight::Followed(other) = flights.join(ID) else { panic!("two leaders") };
        assert!(matches!(flights.join(RequestId([2; 32])), Flight::Led(..)));
        lead.land(7);
        assert_eq!((own.landed().await, other.landed().await), (Some(7), Some(7)));
        assert!(matches!(flights.join(ID), Flight::Led(..)));
    }

    #[tokio::test]
    async fn a_leader_that_is_lost_leaves_no_one_waiting() {
        let flights = Flights::<u8>::new();
        let Flight::Led(lead, own) = flights.join(ID) else { panic!("no one was there before") };
        drop(lead);
        assert_eq!(own.landed().await, None);
        assert!(matches!(flights.join(ID), Flight::Led(..)));
    }
}
