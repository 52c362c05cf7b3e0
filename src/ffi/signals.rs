//! The doorbell's signal, and what keeps the worker's thread apart from the broker's: signals, open files, and who goes first.

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::worker::Platform;

/// Ignored by default and used by nobody else in a broker.
const SIGNAL: libc::c_int = libc::SIGURG;

/// The first file beyond the standard streams.
const FIRST_OWN_FILE: libc::c_uint = 3;

/// Added to the worker's nice value: a third of the broker's share where both want the same processor.
const NICER: libc::c_int = 5;

extern "C" fn nothing(_signal: libc::c_int) {}

/// Wakes the broker's thread out of its wait. From the start of the plugin to its cleanup.
pub(super) struct SignalBell {
    broker: libc::pthread_t,
    armed: AtomicBool,
}

impl SignalBell {
    /// Called on the broker's thread. Installs an empty handler, so that the signal interrupts
    /// `epoll_wait` (which is never restarted) and nothing else (`SA_RESTART`).
    pub(super) fn install() -> SignalBell {
        handle(
            nothing as extern "C" fn(libc::c_int) as libc::sighandler_t,
            libc::SA_RESTART,
        );
        // SAFETY: no precondition.
        let broker = unsafe { libc::pthread_self() };
        SignalBell {
            broker,
            armed: AtomicBool::new(true),
        }
    }

    /// Back to the default, which ignores the signal. The worker must have ended, or rings no more.
    pub(super) fn remove(&self) {
        self.armed.store(false, Ordering::SeqCst);
        handle(libc::SIG_DFL, 0);
    }

    /// Whether this is the broker's thread.
    pub(super) fn is_broker_thread(&self) -> bool {
        // SAFETY: no precondition. On Linux the ids are numbers; to call pthread_equal for each message is dear.
        unsafe { libc::pthread_self() == self.broker }
    }
}

fn handle(action: libc::sighandler_t, flags: libc::c_int) {
    // SAFETY: a zeroed sigaction is valid; its mask is set before use. The handler is a function of this
    // library that does nothing, and is removed before the library can be unloaded.
    unsafe {
        let mut new: libc::sigaction = std::mem::zeroed();
        new.sa_sigaction = action;
        new.sa_flags = flags;
        libc::sigemptyset(&raw mut new.sa_mask);
        libc::sigaction(SIGNAL, &raw const new, std::ptr::null_mut());
    }
}

impl Platform for SignalBell {
    fn ring(&self) {
        if self.armed.load(Ordering::SeqCst) {
            // SAFETY: the broker's thread lives until cleanup, and cleanup waits for the worker first.
            unsafe {
                libc::pthread_kill(self.broker, SIGNAL);
            }
        }
    }

    fn block_signals(&self) {
        block_signals();
    }

    fn give_way(&self) {
        give_way();
    }

    fn separate_files(&self, keep: &[i32]) {
        separate_files(keep);
    }
}

/// Keeps all signals away from the calling thread.
pub(super) fn block_signals() {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigfillset initialises the set; the mask is the calling thread's own.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), std::ptr::null_mut());
    }
}

/// Lets the other threads of the process go before the calling one: by its nice value, or by its priority where the broker was
/// started with one of the real-time policies. Whatever of it the system does not allow is left.
pub(super) fn give_way() {
    // SAFETY: the answers are written to places of their own, and 0 is the calling thread, of which alone it is. On Linux
    // a nice value is a thread's.
    unsafe {
        let mut param: libc::sched_param = std::mem::zeroed();
        let policy = libc::sched_getscheduler(0);
        if matches!(
            policy & !libc::SCHED_RESET_ON_FORK,
            libc::SCHED_FIFO | libc::SCHED_RR
        ) && libc::sched_getparam(0, &raw mut param) == 0
        {
            param.sched_priority = (param.sched_priority - 1).max(1);
            libc::sched_setscheduler(0, policy, &raw const param);
        }
        libc::setpriority(
            libc::PRIO_PROCESS,
            0,
            libc::getpriority(libc::PRIO_PROCESS, 0) + NICER,
        );
    }
}

/// Gives the calling thread a table of open files of its own, with these in it and the standard streams.
pub(super) fn separate_files(keep: &[i32]) {
    // In the unit tests other threads open files meanwhile, which the runtime's cannot be told from.
    if cfg!(test) {
        return;
    }
    let mut keep: Vec<libc::c_uint> = keep.iter().filter_map(|n| (*n).try_into().ok()).collect();
    keep.sort_unstable();
    // From above down: the first call makes the table, without which the others must not be made.
    let mut last = libc::c_uint::MAX;
    let mut flags = libc::CLOSE_RANGE_UNSHARE;
    for kept in keep.into_iter().rev().chain([FIRST_OWN_FILE - 1]) {
        if kept < last && !close_files(kept + 1, last, flags) {
            return;
        }
        (last, flags) = (kept.saturating_sub(1), 0);
    }
}

/// Closes the files from `first` to `last`, or says that the kernel (before Linux 5.9, or in a sandbox) will not.
fn close_files(first: libc::c_uint, last: libc::c_uint, flags: libc::c_uint) -> bool {
    // By number, since the C library's function is younger than some that we are loaded with.
    // SAFETY: the numbers come from `separate_files`: either the calling thread gets a table of its own by this very
    // call, or has one already, and in it nothing is used but what is kept.
    unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) == 0 }
}
