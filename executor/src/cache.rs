//! Translated modules, by code hash.

use crate::{HostFault, Limits, Refusal, check::examine, engine::Translated, keyed::IdMap};
use phat_protocol::CodeHash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OnceCell, Semaphore};

/// What a code hash turned out to be: a module that runs, or the reasons why it can't.
pub(crate) type Translation = Result<Arc<Translated>, Arc<Vec<Refusal>>>;

struct Slot {
    translation: Arc<OnceCell<Translation>>,
    bytes: usize,
    used: u64,
}

#[derive(Default)]
struct Slots {
    by_hash: IdMap<CodeHash, Slot>,
    bytes: usize,
    uses: u64,
}

/// Keeps the modules used last, up to a number and a sum of their code's bytes.
pub(crate) struct Cache {
    limits: Arc<Limits>,
    most_modules: usize,
    most_bytes: usize,
    slots: Mutex<Slots>,
    translations: Semaphore,
}

/// Translations at once: each takes a processor for as long as it lasts.
const TRANSLATIONS: usize = 2;

impl Cache {
    pub(crate) fn new(limits: Arc<Limits>, most_modules: usize, most_bytes: usize) -> Self {
        Self { limits, most_modules, most_bytes, slots: Mutex::default(), translations: Semaphore::new(TRANSLATIONS) }
    }

    /// The module of `code`, translated on a blocking thread when it isn't there. Callers that come
    /// meanwhile wait for that one translation.
    pub(crate) async fn get(&self, hash: CodeHash, code: &Arc<[u8]>) -> Result<Translation, HostFault> {
        if let Some(translation) = self.ready(&hash) {
            return Ok(translation);
        }
        let (cell, code) = (self.slot(hash, code.len()), Arc::clone(code));
        let limits = Arc::clone(&self.limits);
        let translated = cell.get_or_try_init(|| async move {
            let _permit = self.translations.acquire().await.map_err(|_| HostFault::Internal)?;
            tokio::task::spawn_blocking(move || prepare(hash, &code, &limits)).await.map_err(|_| HostFault::Internal)?
        });
        match translated.await {
            Ok(translation) => Ok(translation.clone()),
            Err(fault) => {
                // Bytes that were not those of the hash must not stand in for them.
                self.forget(&hash, &cell);
                Err(fault)
            }
        }
    }

    /// The module where it is there.
    fn ready(&self, hash: &CodeHash) -> Option<Translation> {
        let mut slots = self.slots();
        slots.uses += 1;
        let now = slots.uses;
        let slot = slots.by_hash.get_mut(hash)?;
        slot.used = now;
        slot.translation.get().cloned()
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self, hash: CodeHash, bytes: usize) -> Arc<OnceCell<Translation>> {
        let mut slots = self.slots();
        slots.uses += 1;
        let now = slots.uses;
        if let Some(slot) = slots.by_hash.get_mut(&hash) {
            slot.used = now;
            return Arc::clone(&slot.translation);
        }
        while slots.by_hash.len() >= self.most_modules || slots.bytes.saturating_add(bytes) > self.most_bytes {
            let Some(oldest) = slots.by_hash.iter().min_by_key(|(_, slot)| slot.used).map(|(hash, _)| *hash) else {
                break;
            };
            slots.remove(&oldest);
        }
        let slot = Slot { translation: Arc::default(), bytes, used: now };
        let cell = Arc::clone(&slot.translation);
        slots.bytes = slots.bytes.saturating_add(bytes);
        slots.by_hash.insert(hash, slot);
        cell
    }

    fn forget(&self, hash: &CodeHash, cell: &Arc<OnceCell<Translation>>) {
        let mut slots = self.slots();
        if slots.by_hash.get(hash).is_some_and(|slot| Arc::ptr_eq(&slot.translation, cell)) {
            slots.remove(hash);
        }
    }
}

impl Slots {
    fn remove(&mut self, hash: &CodeHash) {
        if let Some(slot) = self.by_hash.remove(hash) {
            self.bytes = self.bytes.saturating_sub(slot.bytes);
        }
    }
}

fn prepare(hash: CodeHash, code: &[u8], limits: &Limits) -> Result<Translation, HostFault> {
    let found = phat_protocol::code_hash(code);
    if found != hash {
        return Err(HostFault::WrongCode { expected: hash, found });
    }
    Ok(examine(code, limits).map(Arc::new).map_err(Arc::new))
}

#[cfg(test)]
mod tests;
