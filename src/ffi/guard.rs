//! The wall between C and panics.

use std::os::raw::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::host;
use crate::engine::Level;

/// Runs `work`; a panic is logged and gives `fallback` instead.
///
/// What was borrowed when it panicked is released by the unwinding, and the engine's changes are made of
/// single steps, so going on is safe; the answer to this one call is the fallback, which denies.
pub(super) fn guard(what: &str, fallback: c_int, work: impl FnOnce() -> c_int) -> c_int {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let told = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let told = told
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        // A second panic, in the logger itself, must not escape either.
        let _ = catch_unwind(|| {
            host::log(
                Level::Error,
                &format!("mosquitto-enterprise-push: panic in {what}: {told}; denied"),
            );
        });
        fallback
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panic_becomes_the_fallback() {
        std::panic::set_hook(Box::new(|_| {}));
        assert_eq!(guard("test", 11, || panic!("text")), 11);
        assert_eq!(guard("test", 11, || panic!("{}", 1)), 11);
        assert_eq!(guard("test", 11, || std::panic::panic_any(5)), 11);
        let _ = std::panic::take_hook();
        assert_eq!(guard("test", 11, || 0), 0);
    }
}
