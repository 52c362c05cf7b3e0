//! What C sees. The only `unsafe` of this crate.
//!
//! Nothing here allocates for the caller, keeps a pointer, or unwinds: a panic becomes a status.

use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;

use crate::header::{Content, Direction, Header, HeaderError, Message};

/// How a call ended. 0 is success; the others name what is wrong.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MepStatus {
    /// Done.
    Ok = 0,
    /// A pointer that must not be NULL is.
    Null = 1,
    /// The message ends inside a field.
    Truncated = 2,
    /// The high nibble of Version is not 1.
    ProtocolVersion = 3,
    /// The MQTT protocol level is not 3, 4 or 5.
    MqttLevel = 4,
    /// A reserved DirType.
    Direction = 5,
    /// A reserved ContentType.
    Content = 6,
    /// Source is not `uid` or `uid@eid`.
    Source = 7,
    /// DataLength is not the number of bytes that follow it, or the data is too long for it.
    DataLength = 8,
    /// The room given is too small; the size wanted was told.
    NoRoom = 9,
    /// A fault of this library.
    Internal = 10,
}

/// A message: all of the header, and the data.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct MepMessage {
    /// MQTT protocol level of the sender's connection: 3, 4 or 5.
    pub mqtt_level: u8,
    /// 1 point to point, 2 PC to phone, 3 phone to PC, 4 group.
    pub direction: u8,
    /// 1 text, 2 audio, 3 video, 4 hyperlink, 5 image, 6 file, 15 user-defined.
    pub content: u8,
    /// SeqNumber, increasing per sender and device.
    pub seq: u32,
    /// Milliseconds since 1970 UTC.
    pub timestamp_ms: u64,
    /// The sender, `uid` or `uid@eid`. Not ended by a NUL.
    pub source: *const c_char,
    /// Bytes of the sender's name.
    pub source_len: usize,
    /// The data; may be NULL when there is none.
    pub data: *const u8,
    /// Bytes of data.
    pub data_len: usize,
}

/// Reads a payload. On success `*message` is filled in; its `source` and `data` point into the payload and are good as
/// long as that is. On failure `*message` is not touched. NULL for `payload` is taken as empty when `payload_len`
/// is 0, and refused otherwise; NULL for `message` is refused.
///
/// # Safety
/// `payload` is NULL or points to `payload_len` readable bytes; `message` is NULL or points to a `mep_message` that may
/// be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mep_decode(
    payload: *const u8,
    payload_len: usize,
    message: *mut MepMessage,
) -> MepStatus {
    guarded(|| {
        // SAFETY: the caller says that the bytes can be read; they are not kept beyond this call.
        let payload = unsafe { bytes(payload, payload_len) }?;
        if message.is_null() {
            return Err(MepStatus::Null);
        }
        let decoded = Message::decode(payload).map_err(status)?;
        // SAFETY: not NULL, and the caller says that it may be written. `write` drops nothing.
        unsafe { message.write(told(&decoded)) };
        Ok(())
    })
}

/// Writes a payload into `room`. `*written` always tells how many bytes it has, also when `room_len` is too small
/// (`MEP_STATUS_NO_ROOM`), unless the message itself is refused: then it is 0. `room` may be NULL when `room_len` is 0.
///
/// # Safety
/// `message` is NULL or points to a `mep_message` whose `source` and `data` are NULL or point to as many readable bytes as
/// it says; `room` is NULL or points to `room_len` writable bytes that overlap neither; `written` is NULL or may be
/// written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mep_encode(
    message: *const MepMessage,
    room: *mut u8,
    room_len: usize,
    written: *mut usize,
) -> MepStatus {
    guarded(|| {
        if message.is_null() || written.is_null() || (room.is_null() && room_len > 0) {
            return Err(MepStatus::Null);
        }
        // SAFETY: not NULL, and the caller says that it may be written.
        unsafe { written.write(0) };
        // SAFETY: not NULL, and the caller says that it can be read.
        let message = unsafe { message.read() };
        // SAFETY: the caller says so of both of the message's parts.
        let payload = unsafe { payload_of(&message) }?;
        // SAFETY: as above.
        unsafe { written.write(payload.len()) };
        if payload.len() > room_len {
            return Err(MepStatus::NoRoom);
        }
        // SAFETY: the payload is ours and shorter than the room, which is not NULL then: a payload is never empty.
        unsafe { room.copy_from_nonoverlapping(payload.as_ptr(), payload.len()) };
        Ok(())
    })
}

/// # Safety
/// As [`mep_encode`] says of the message's parts.
unsafe fn payload_of(message: &MepMessage) -> Result<Vec<u8>, MepStatus> {
    // SAFETY: the caller says that the name's bytes can be read.
    let source = unsafe { bytes(message.source.cast(), message.source_len) }?;
    // SAFETY: the caller says that the data's bytes can be read.
    let data = unsafe { bytes(message.data, message.data_len) }?;
    let header = Header {
        mqtt_level: message.mqtt_level,
        seq: message.seq,
        direction: Direction::from_nibble(message.direction).ok_or(MepStatus::Direction)?,
        content: Content::from_nibble(message.content).ok_or(MepStatus::Content)?,
        timestamp_ms: message.timestamp_ms,
        source: std::str::from_utf8(source).map_err(|_| MepStatus::Source)?,
    };
    Message { header, data }.encode().map_err(status)
}

/// # Safety
/// `start` is NULL or points to `len` bytes that can be read as long as the slice is used.
unsafe fn bytes<'a>(start: *const u8, len: usize) -> Result<&'a [u8], MepStatus> {
    match (start.is_null(), len) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(MepStatus::Null),
        // More than this is no object in memory.
        (false, len) if isize::try_from(len).is_err() => Err(MepStatus::DataLength),
        // SAFETY: not NULL, and the caller says that it can be read.
        (false, len) => Ok(unsafe { slice::from_raw_parts(start, len) }),
    }
}

fn told(message: &Message<'_>) -> MepMessage {
    let Message { header, data } = message;
    MepMessage {
        mqtt_level: header.mqtt_level,
        direction: header.direction as u8,
        content: header.content as u8,
        seq: header.seq,
        timestamp_ms: header.timestamp_ms,
        source: header.source.as_ptr().cast(),
        source_len: header.source.len(),
        data: data.as_ptr(),
        data_len: data.len(),
    }
}

fn status(error: HeaderError) -> MepStatus {
    match error {
        HeaderError::Truncated(_) => MepStatus::Truncated,
        HeaderError::ProtocolVersion(_) => MepStatus::ProtocolVersion,
        HeaderError::MqttLevel(_) => MepStatus::MqttLevel,
        HeaderError::Direction(_) => MepStatus::Direction,
        HeaderError::Content(_) => MepStatus::Content,
        HeaderError::Source => MepStatus::Source,
        HeaderError::DataLength { .. } => MepStatus::DataLength,
    }
}

/// No panic goes on into C.
fn guarded(call: impl FnOnce() -> Result<(), MepStatus>) -> MepStatus {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => MepStatus::Ok,
        Ok(Err(status)) => status,
        Err(_) => MepStatus::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr;

    #[test]
    fn panic_becomes_a_status() {
        assert_eq!(guarded(|| panic!("a fault")), MepStatus::Internal);
    }

    #[test]
    fn null_is_refused_wherever_it_must_not_be() {
        let mut written = 7;
        let source = "alice";
        let message = MepMessage {
            mqtt_level: 5,
            direction: 1,
            content: 1,
            seq: 1,
            timestamp_ms: 1,
            source: source.as_ptr().cast(),
            source_len: source.len(),
            data: ptr::null(),
            data_len: 0,
        };
        // SAFETY: every pointer is NULL or of a local that lives longer than the call.
        unsafe {
            let nothing = ptr::null_mut();
            assert_eq!(mep_decode(ptr::null(), 0, nothing), MepStatus::Null);
            assert_eq!(mep_decode(ptr::null(), 9, nothing), MepStatus::Null);
            assert_eq!(
                mep_encode(ptr::null(), ptr::null_mut(), 0, &mut written),
                MepStatus::Null
            );
            assert_eq!(
                mep_encode(&message, ptr::null_mut(), 0, ptr::null_mut()),
                MepStatus::Null
            );
            assert_eq!(
                mep_encode(&message, ptr::null_mut(), 9, &mut written),
                MepStatus::Null
            );
            assert_eq!(
                mep_encode(&message, ptr::null_mut(), 0, &mut written),
                MepStatus::NoRoom
            );
            assert_eq!(written, 24);
            let nameless = MepMessage {
                source: ptr::null(),
                ..message
            };
            assert_eq!(
                mep_encode(&nameless, ptr::null_mut(), 0, &mut written),
                MepStatus::Null
            );
            assert_eq!(written, 0);
        }
    }
}
