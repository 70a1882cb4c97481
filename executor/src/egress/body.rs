//! The bodies that are read for one call of a guest. All of them together are never longer than what
//! the guest's buffer takes, since no more could be delivered.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// One body for each request of a call.
#[derive(Debug)]
pub(crate) struct Bodies {
    room: usize,
    /// None where a body gave way to others.
    bodies: Mutex<Vec<Option<Vec<u8>>>>,
}

/// The body was longer than the guest's buffer, or the longest of several that don't fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoRoom {
    /// Bytes of the guest's buffer.
    pub(super) room: usize,
}

/// One of the [`Bodies`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body<'a> {
    bodies: &'a Bodies,
    index: usize,
}

impl Bodies {
    /// Empty bodies that may have `room` bytes together.
    pub(crate) fn new(count: usize, room: usize) -> Self {
        Self { room, bodies: Mutex::new(vec![Some(Vec::new()); count]) }
    }

    pub(crate) fn body(&self, index: usize) -> Body<'_> {
        Body { bodies: self, index }
    }

    /// What was read; none where it gave way.
    pub(crate) fn into_bodies(self) -> Vec<Option<Vec<u8>>> {
        self.bodies.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Vec<u8>>>> {
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Body<'_> {
    /// Bytes that this body could have if it were alone.
    pub(super) fn room(self) -> usize {
        self.bodies.room
    }

    /// Appends, and tells the body's length then. Where the bodies don't fit together, the longest
    /// is dropped; that may be this one.
    pub(super) fn append(self, chunk: &[u8]) -> Result<usize, NoRoom> {
        let room = self.bodies.room;
        let mut bodies = self.bodies.lock();
        let held: usize = bodies.iter().flatten().map(Vec::len).sum();
        let own = bodies.get_mut(self.index).and_then(Option::as_mut).ok_or(NoRoom { room })?;
        let length = own.len().saturating_add(chunk.len());
        let mut over = held.saturating_add(chunk.len()).saturating_sub(room);
        while over > 0 {
            let lengths = bodies.iter().enumerate().filter_map(|(index, body)| {
                let body = body.as_ref()?;
                Some((index, if index == self.index { length } else { body.len() }))
            });
            let Some((longest, freed)) = lengths.max_by_key(|(_, length)| *length) else { break };
            if let Some(body) = bodies.get_mut(longest) {
                *body = None;
            }
            if longest == self.index {
                return Err(NoRoom { room });
            }
            over = over.saturating_sub(freed);
        }
        let own = bodies.get_mut(self.index).and_then(Option::as_mut).ok_or(NoRoom { room })?;
        own.extend_from_slice(chunk);
        Ok(own.len())
    }

    /// Forgets what was read of a response that failed.
    pub(super) fn clear(self) {
        if let Some(body) = self.bodies.lock().get_mut(self.index) {
            *body = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_as_long_as_the_room_is_kept_and_one_byte_more_is_not() {
        let bodies = Bodies::new(1, 10);
        assert_eq!(bodies.body(0).append(&[1; 6]), Ok(6));
        assert_eq!(bodies.body(0).append(&[2; 4]), Ok(10));
        assert_eq!(bodies.body(0).append(&[3]), Err(NoRoom { room: 10 }));
        assert_eq!(bodies.body(0).append(&[]), Err(NoRoom { room: 10 }));
        assert_eq!(bodies.into_bodies(), [None]);
    }

    #[test]
    fn the_longest_gives_way_whoever_comes_last() {
        let bodies = Bodies::new(3, 10);
        bodies.body(0).append(&[0; 3]).unwrap();
        bodies.body(1).append(&[1; 6]).unwrap();
        bodies.body(2).append(&[2; 4]).unwrap();
        assert_eq!(bodies.body(1).append(&[1]), Err(NoRoom { room: 10 }));
        assert_eq!(bodies.body(0).append(&[0; 5]), Err(NoRoom { room: 10 }));
        assert_eq!(bodies.body(2).append(&[2; 6]), Ok(10));
        assert_eq!(bodies.into_bodies(), [None, None, Some(vec![2; 10])]);
    }

    #[test]
    fn what_failed_leaves_its_room_to_others() {
        let bodies = Bodies::new(2, 10);
        bodies.body(0).append(&[0; 5]).unwrap();
        bodies.body(0).clear();
        assert_eq!(bodies.body(1).append(&[1; 10]), Ok(10));
    }
}
