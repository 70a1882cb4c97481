//! The guest's memory as host functions see it: every access is paid for first, then bounds-checked.

use crate::{
    fuel,
    limits::in_memory,
    run::{
        Guest,
        wait::{Halt, Suspension},
    },
};
use wasmi::{AsContextMut, Error, Memory, StoreContextMut};

/// Where a guest wants an answer: a buffer, and the address of its capacity, which is overwritten
/// with the length written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutBuffer {
    pub(crate) pointer: u32,
    pub(crate) length_pointer: u32,
}

/// A guest that called a host function.
pub(crate) struct Host<'a> {
    store: StoreContextMut<'a, Guest>,
}

impl<'a> Host<'a> {
    pub(crate) fn new<S: AsContextMut<Data = Guest>>(store: &'a mut S) -> Self {
        Self { store: store.as_context_mut() }
    }

    /// Pays for entering a host function.
    pub(crate) fn enter<S: AsContextMut<Data = Guest>>(store: &'a mut S) -> Result<Self, Error> {
        let mut host = Self::new(store);
        host.charge(fuel::CALL)?;
        Ok(host)
    }

    pub(crate) fn guest(&self) -> &Guest {
        self.store.data()
    }

    pub(crate) fn guest_mut(&mut self) -> &mut Guest {
        self.store.data_mut()
    }

    /// Takes fuel from the slice, and from the run's reserve where the slice has too little.
    pub(crate) fn charge(&mut self, price: u64) -> Result<(), Error> {
        let slice = self.store.get_fuel()?;
        if let Some(left) = slice.checked_sub(price) {
            return self.store.set_fuel(left);
        }
        let run = &mut self.store.data_mut().run;
        let beyond = price - slice;
        let Some(reserve) = run.reserve.checked_sub(beyond) else {
            return Err(Halt::OutOfFuel.into());
        };
        run.reserve = reserve;
        self.store.set_fuel(0)
    }

    /// What the run may still spend.
    pub(crate) fn fuel_left(&self) -> u64 {
        self.store.get_fuel().unwrap_or(0).saturating_add(self.guest().run.reserve)
    }

    fn memory(&self) -> Result<Memory, Error> {
        self.guest().frame.memory.ok_or_else(|| trap("the guest has no memory yet"))
    }

    /// The bytes at `pointer`, once they are paid for.
    pub(crate) fn read(&mut self, pointer: u32, length: u32) -> Result<&[u8], Error> {
        self.read_at(pointer, length, fuel::BYTE)
    }

    /// As [`Self::read`], at another price a byte.
    pub(crate) fn read_at(&mut self, pointer: u32, length: u32, price: u64) -> Result<&[u8], Error> {
        self.charge(fuel::of_bytes(in_memory(length), price))?;
        let memory = self.memory()?;
        let (start, length) = (in_memory(pointer), in_memory(length));
        start
            .checked_add(length)
            .and_then(|end| memory.data(&self.store).get(start..end))
            .ok_or_else(|| trap("a pointer leads out of the guest's memory"))
    }

    /// A copy of the bytes at `pointer`, of which there may be at most `most`.
    pub(crate) fn read_bounded(&mut self, pointer: u32, length: u32, most: u32, what: &str) -> Result<Vec<u8>, Error> {
        if length > most {
            return Err(trap(format!("a {what} of {length} bytes, and the limit is {most}")));
        }
        Ok(self.read(pointer, length)?.to_vec())
    }

    /// An argument of fixed length.
    pub(crate) fn read_array<const N: usize>(&mut self, pointer: u32) -> Result<[u8; N], Error> {
        let length = u32::try_from(N).map_err(|_| trap("an argument is too long"))?;
        self.read(pointer, length)?.try_into().map_err(|_| trap("an argument has another length"))
    }

    /// Writes at `pointer`, once it is paid for.
    pub(crate) fn write(&mut self, pointer: u32, bytes: &[u8]) -> Result<(), Error> {
        self.charge(fuel::of_bytes(bytes.len(), fuel::BYTE))?;
        let memory = self.memory()?;
        let start = in_memory(pointer);
        start
            .checked_add(bytes.len())
            .and_then(|end| memory.data_mut(&mut self.store).get_mut(start..end))
            .ok_or_else(|| trap("a pointer leads out of the guest's memory"))?
            .copy_from_slice(bytes);
        Ok(())
    }

    /// How many bytes the guest's buffer takes.
    pub(crate) fn capacity(&mut self, out: OutBuffer) -> Result<usize, Error> {
        let capacity = self.read_array::<4>(out.length_pointer)?;
        Ok(in_memory(u32::from_le_bytes(capacity)))
    }

    /// How many bytes can be written there: the buffer's capacity, or what the memory has behind the
    /// pointer where that is less.
    pub(crate) fn room(&mut self, out: OutBuffer) -> Result<usize, Error> {
        let capacity = self.capacity(out)?;
        let memory = self.memory()?.data(&self.store).len();
        let behind = memory.checked_sub(in_memory(out.pointer));
        behind.map(|behind| behind.min(capacity)).ok_or_else(|| trap("a pointer leads out of the guest's memory"))
    }

    /// Fills the guest's buffer, which must be large enough, and tells it how much was written.
    pub(crate) fn write_out(&mut self, out: OutBuffer, bytes: &[u8]) -> Result<(), Error> {
        let capacity = self.capacity(out)?;
        let length = u32::try_from(bytes.len()).ok().filter(|_| bytes.len() <= capacity);
        let Some(length) = length else {
            return Err(trap(format!("the buffer takes {capacity} bytes, and the answer has {}", bytes.len())));
        };
        self.write(out.pointer, bytes)?;
        self.write(out.length_pointer, &length.to_le_bytes())
    }

    /// As [`Self::write_out`], unless the guest said that it wants nothing.
    pub(crate) fn write_if_wanted(&mut self, out: OutBuffer, bytes: &[u8]) -> Result<(), Error> {
        if out.pointer == NO_BUFFER { Ok(()) } else { self.write_out(out, bytes) }
    }

    /// Leaves the guest waiting.
    pub(crate) fn suspend(&mut self, suspension: Suspension) -> Error {
        self.guest_mut().frame.suspension = Some(suspension);
        Halt::Suspended.into()
    }
}

/// What a guest gives as the address of a buffer that it doesn't have.
const NO_BUFFER: u32 = u32::MAX;

/// The guest broke a rule of a host function.
pub(crate) fn trap(reason: impl Into<String>) -> Error {
    Halt::Trapped(reason.into()).into()
}
