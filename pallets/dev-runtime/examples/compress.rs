//! Compresses a runtime, from the standard input to the standard output, as chains store runtimes.

use sp_maybe_compressed_blob::{CODE_BLOB_BOMB_LIMIT, compress_strongly};
use std::{
    error::Error,
    io::{Read, Write},
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut runtime = Vec::new();
    std::io::stdin().read_to_end(&mut runtime)?;
    let compressed = compress_strongly(&runtime, CODE_BLOB_BOMB_LIMIT).ok_or("the runtime is too large")?;
    std::io::stdout().write_all(&compressed)?;
    Ok(())
}
