//! The system's own randomness.

use std::io::Read;

use process::EngineError;
use sandbox::Identity;

/// 128 bits in hexadecimal.
pub(crate) fn password() -> Result<String, EngineError> {
    Ok(bytes::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A user that no image knows, in the group of root, as OpenShift runs images.
///
/// # Errors
/// The system has no randomness to give.
pub fn random_identity() -> Result<Identity, EngineError> {
    // Within what rootless engines can map.
    let number = u32::from(u16::from_le_bytes(bytes()?));
    Ok(Identity { user: 20_000 + number % 40_000, group: 0 })
}

fn bytes<const N: usize>() -> Result<[u8; N], EngineError> {
    let mut bytes = [0; N];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(EngineError::io("reading /dev/urandom"))?;
    Ok(bytes)
}
