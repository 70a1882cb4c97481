//! The boundary between the engine and host functions. The engine calls them from functions that can't be unwound
//! through, so that a panic in one would end the whole process: it is caught here, and goes on where it can.

use crate::run::{Guest, wait::Halt};
use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
};
use wasmi::{Caller, Error, WasmRet, WasmTy};

/// The engine's linker, where host functions are defined behind the boundary.
pub(crate) struct Linker<'l> {
    linker: &'l mut wasmi::Linker<Guest>,
    wanted: HashSet<(&'l str, &'l str)>,
}

impl<'l> Linker<'l> {
    /// A linker in which nothing is defined but these (module, name): what it has to look through at every
    /// instance is short then.
    pub(super) fn new(linker: &'l mut wasmi::Linker<Guest>, wanted: &'l [(String, String)]) -> Self {
        Self { linker, wanted: wanted.iter().map(|(module, name)| (module.as_str(), name.as_str())).collect() }
    }

    /// Defines a host function, if it is wanted.
    pub(super) fn func_wrap<P, R>(
        &mut self,
        module: &str,
        name: &str,
        function: impl HostFunction<P, R>,
    ) -> Result<(), Error> {
        if self.wanted.contains(&(module, name)) { function.define(self.linker, module, name) } else { Ok(()) }
    }
}

/// A function of so many parameters that guests may call.
pub(super) trait HostFunction<P, R> {
    fn define(self, linker: &mut wasmi::Linker<Guest>, module: &str, name: &str) -> Result<(), Error>;
}

macro_rules! host_function {
    ($($parameter:ident)*) => {
        impl<F, R, $($parameter),*> HostFunction<($($parameter,)*), R> for F
        where
            F: Fn(Caller<'_, Guest>, $($parameter),*) -> Result<R, Error> + Send + Sync + 'static,
            Result<R, Error>: WasmRet,
            $($parameter: WasmTy,)*
        {
            #[expect(clippy::allow_attributes, reason = "the first of them has no parameters")]
            #[allow(non_snake_case, reason = "a parameter is called as its type is")]
            fn define(self, linker: &mut wasmi::Linker<Guest>, module: &str, name: &str) -> Result<(), Error> {
                linker.func_wrap(module, name, move |caller: Caller<'_, Guest>, $($parameter: $parameter),*| {
                    guarded(|| self(caller, $($parameter),*))
                })?;
                Ok(())
            }
        }
    };
}

host_function!();
host_function!(A);
host_function!(A B);
host_function!(A B C);
host_function!(A B C D);
host_function!(A B C D E);
host_function!(A B C D E G);
host_function!(A B C D E G H I);
host_function!(A B C D E G H I J K);
host_function!(A B C D E G H I J K L);
host_function!(A B C D E G H I J K L M N);

/// The run is over where the function panicked, and nothing of it is used any more.
fn guarded<R>(function: impl FnOnce() -> Result<R, Error>) -> Result<R, Error> {
    catch_unwind(AssertUnwindSafe(function)).unwrap_or_else(|_| Err(Halt::Panicked.into()))
}
