//! What stands in a message: 64 bytes of Data.
//!
//! | bytes | meaning |
//! |---|---|
//! | 8 | the intended time, nanoseconds of the clock that all processes share |
//! | 4 | the phase |
//! | 4 | which message of the phase |
//! | 48 | zeros |

use std::time::Duration;

/// Bytes of Data in each message.
const DATA_BYTES: usize = 64;

/// What a message says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Data {
    pub(super) intended: Duration,
    pub(super) phase: u32,
    pub(super) event: u32,
}

impl Data {
    pub(super) fn write(&self) -> [u8; DATA_BYTES] {
        let nanos = u64::try_from(self.intended.as_nanos()).unwrap_or(u64::MAX);
        let parts = nanos.to_be_bytes().into_iter();
        let parts = parts.chain(self.phase.to_be_bytes());
        let parts = parts.chain(self.event.to_be_bytes());
        let mut data = [0; DATA_BYTES];
        for (byte, value) in data.iter_mut().zip(parts) {
            *byte = value;
        }
        data
    }

    /// None when it is somebody else's.
    pub(super) fn read(data: &[u8]) -> Option<Data> {
        let data: &[u8; DATA_BYTES] = data.try_into().ok()?;
        let (nanos, rest) = data.split_first_chunk()?;
        let (phase, rest) = rest.split_first_chunk()?;
        let (event, _) = rest.split_first_chunk()?;
        Some(Data {
            intended: Duration::from_nanos(u64::from_be_bytes(*nanos)),
            phase: u32::from_be_bytes(*phase),
            event: u32::from_be_bytes(*event),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let data = Data {
            intended: Duration::from_nanos(1 << 40),
            phase: 7,
            event: u32::MAX,
        };
        assert_eq!(Data::read(&data.write()), Some(data));
        assert_eq!(Data::read(b"hello"), None);
    }
}
