//! The host functions that the compared contracts import, for hosts that are an engine and nothing else.

use std::collections::BTreeMap;

/// A contract's storage.
pub(crate) type Storage = BTreeMap<Vec<u8>, Vec<u8>>;

/// What a call has, and what it left.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    /// What the contract is told.
    pub(crate) input: Vec<u8>,
    /// What it returned.
    pub(crate) output: Vec<u8>,
    /// What it has stored: before the call, and by it.
    pub(crate) storage: Storage,
}

/// The contract named memory that it doesn't have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutOfBounds;

/// What `get_storage` and `set_storage` say of a key without a value, as pallet-contracts defines it.
const NOT_FOUND: u32 = 3;
const NEW: u32 = u32::MAX;

/// What `debug_message` says where messages go nowhere.
pub(crate) const LOGGING_DISABLED: u32 = 9;

impl Call {
    /// `seal0.input`.
    pub(crate) fn take_input(&mut self, memory: &mut [u8], out: u32, length: u32) -> Result<(), OutOfBounds> {
        let input = std::mem::take(&mut self.input);
        put(memory, out, length, &input)
    }

    /// `seal0.seal_return`; the call ends with it.
    pub(crate) fn returns(&mut self, memory: &[u8], at: u32, length: u32) -> Result<(), OutOfBounds> {
        self.output = get(memory, at, length)?.to_vec();
        Ok(())
    }

    /// `seal0.value_transferred`: nothing.
    pub(crate) fn value(memory: &mut [u8], out: u32, length: u32) -> Result<(), OutOfBounds> {
        put(memory, out, length, &[0; 16])
    }

    /// `seal1.get_storage`.
    pub(crate) fn load(&self, memory: &mut [u8], key: (u32, u32), out: (u32, u32)) -> Result<u32, OutOfBounds> {
        match self.storage.get(get(memory, key.0, key.1)?) {
            None => Ok(NOT_FOUND),
            Some(value) => put(memory, out.0, out.1, value).map(|()| 0),
        }
    }

    /// `seal2.set_storage`.
    pub(crate) fn store(&mut self, memory: &[u8], key: (u32, u32), value: (u32, u32)) -> Result<u32, OutOfBounds> {
        let (key, value) = (get(memory, key.0, key.1)?.to_vec(), get(memory, value.0, value.1)?.to_vec());
        let before = self.storage.insert(key, value);
        Ok(before.map_or(NEW, |before| u32::try_from(before.len()).unwrap_or(NEW)))
    }
}

fn get(memory: &[u8], at: u32, length: u32) -> Result<&[u8], OutOfBounds> {
    let (at, length) = (index(at), index(length));
    memory.get(at..).and_then(|rest| rest.get(..length)).ok_or(OutOfBounds)
}

/// Writes bytes where there is room for them, and how many they are in place of the room.
fn put(memory: &mut [u8], out: u32, length: u32, bytes: &[u8]) -> Result<(), OutOfBounds> {
    let room: [u8; 4] = get(memory, length, 4)?.try_into().map_err(|_| OutOfBounds)?;
    let written = u32::try_from(bytes.len()).map_err(|_| OutOfBounds)?;
    if written > u32::from_le_bytes(room) {
        return Err(OutOfBounds);
    }
    put_bytes(memory, out, bytes)?;
    put_bytes(memory, length, &written.to_le_bytes())
}

fn put_bytes(memory: &mut [u8], at: u32, bytes: &[u8]) -> Result<(), OutOfBounds> {
    let place = memory.get_mut(index(at)..).and_then(|rest| rest.get_mut(..bytes.len())).ok_or(OutOfBounds)?;
    place.copy_from_slice(bytes);
    Ok(())
}

/// A 32-bit quantity as an index into host memory, which has at least 32 bits.
fn index(quantity: u32) -> usize {
    usize::try_from(quantity).unwrap_or(usize::MAX)
}
