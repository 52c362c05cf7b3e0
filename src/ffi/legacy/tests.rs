//! The exports as a broker of 1.4 would call them (there is no broker around, so they take it for one): with NULL, with
//! nonsense, from another thread. What a real one does is tried in tests/legacy.

use std::mem::MaybeUninit;
use std::os::raw::{c_char, c_int, c_void};
use std::ptr::{null, null_mut};

use super::super::c;
use super::entry::{
    mosquitto_auth_acl_check, mosquitto_auth_continue, mosquitto_auth_plugin_cleanup,
    mosquitto_auth_plugin_init, mosquitto_auth_plugin_version, mosquitto_auth_psk_key_get,
    mosquitto_auth_security_cleanup, mosquitto_auth_security_init, mosquitto_auth_start,
    mosquitto_auth_unpwd_check,
};

type Word = MaybeUninit<usize>;

fn word(text: *const c_char) -> Word {
    Word::new(text.expose_provenance())
}

fn options() -> Vec<c::mosquitto_opt> {
    let option = |key: &'static std::ffi::CStr, value: &'static std::ffi::CStr| c::mosquitto_opt {
        key: key.as_ptr().cast_mut(),
        value: value.as_ptr().cast_mut(),
    };
    vec![
        option(c"static_url", c"http://127.0.0.1:9"),
        option(c"client_id", c"b1"),
        option(c"client_secret", c"s"),
        option(c"feed", c"off"),
        option(c"loopback_listener", c"off"),
    ]
}

fn started() -> *mut c_void {
    let mut options = options();
    let mut userdata = null_mut();
    let count = c_int::try_from(options.len()).unwrap();
    // SAFETY: the options' own pointer and length; they are literals.
    let code =
        unsafe { mosquitto_auth_plugin_init(&raw mut userdata, options.as_mut_ptr(), count) };
    assert_eq!(code, 0);
    userdata
}

fn stop(userdata: *mut c_void) {
    // SAFETY: what init left, once.
    let code = unsafe { mosquitto_auth_plugin_cleanup(userdata, null_mut(), 0) };
    assert_eq!(code, 0);
}

fn log_in(userdata: *mut c_void, username: *const c_char, password: *const c_char) -> c_int {
    // SAFETY: C strings or NULL; 1.4 gives two arguments, and the third is anything.
    unsafe { mosquitto_auth_unpwd_check(userdata, word(username), word(password), Word::uninit()) }
}

fn may(userdata: *mut c_void, names: [*const c_char; 3], access: u32) -> c_int {
    let [client_id, username, topic] = names.map(word);
    let access = Word::new(usize::try_from(access).unwrap());
    // SAFETY: C strings or NULL.
    unsafe { mosquitto_auth_acl_check(userdata, client_id, username, topic, access) }
}

#[test]
fn without_clients_it_is_a_1_4() {
    assert_eq!(mosquitto_auth_plugin_version(), 2);
}

#[test]
fn init_without_room_or_with_bad_options_fails() {
    let mut userdata = null_mut();
    let mut bad = [c::mosquitto_opt {
        key: c"nonsense".as_ptr().cast_mut(),
        value: null_mut(),
    }];
    // SAFETY: NULL, and one option.
    unsafe {
        assert_ne!(mosquitto_auth_plugin_init(null_mut(), null_mut(), 0), 0);
        assert_ne!(
            mosquitto_auth_plugin_init(&raw mut userdata, null_mut(), 0),
            0
        );
        assert_ne!(
            mosquitto_auth_plugin_init(&raw mut userdata, bad.as_mut_ptr(), 1),
            0
        );
    }
    assert!(userdata.is_null());
    stop(null_mut());
}

#[test]
fn null_is_denied_everywhere() {
    let seat = started();
    let alice = c"alice@acme".as_ptr();
    let pc = c"alice@acme:pc".as_ptr();
    let inbox = c"acme/im/msg/alice".as_ptr();
    for userdata in [null_mut(), seat] {
        for (username, password) in [(null(), null()), (alice, null()), (null(), alice)] {
            assert_ne!(log_in(userdata, username, password), 0);
        }
        for names in [
            [null(); 3],
            [pc, alice, null()],
            [pc, null(), inbox],
            [null(), alice, inbox],
            // Nobody has logged in.
            [pc, alice, inbox],
        ] {
            for access in [0, c::MOSQ_ACL_READ, c::MOSQ_ACL_WRITE, 99] {
                assert_eq!(may(userdata, names, access), c::MOSQ_ERR_ACL_DENIED);
            }
        }
        // SAFETY: NULL or a live seat.
        unsafe {
            for reload in [false, true] {
                assert_eq!(
                    mosquitto_auth_security_cleanup(userdata, null_mut(), 0, reload),
                    0
                );
                assert_eq!(
                    mosquitto_auth_security_init(userdata, null_mut(), 0, reload),
                    0
                );
            }
        }
    }
    stop(seat);
}

#[test]
fn bad_utf8_and_the_plugins_own_name_are_denied() {
    let seat = started();
    let own = c"$enterprise-push".as_ptr();
    for username in [c"\xff@acme".as_ptr(), own, c"alice@acme:pc".as_ptr()] {
        for password in [c"".as_ptr(), c"\xff".as_ptr(), own] {
            assert_ne!(log_in(seat, username, password), 0);
        }
    }
    let names = [own, own, c"$enterprise-push/turn".as_ptr()];
    assert_eq!(
        may(seat, names, c::MOSQ_ACL_WRITE),
        c::MOSQ_ERR_ACL_DENIED,
        "a turn is taken and refused"
    );
    stop(seat);
}

#[test]
fn other_doors_stay_shut() {
    for door in [
        mosquitto_auth_psk_key_get,
        mosquitto_auth_start,
        mosquitto_auth_continue,
    ] {
        assert_eq!(door(), c::MOSQ_ERR_AUTH);
    }
}

#[test]
fn callback_on_another_thread_is_denied() {
    let seat = started();
    let at = seat.expose_provenance();
    let code = std::thread::spawn(move || {
        let seat = std::ptr::with_exposed_provenance_mut(at);
        log_in(seat, c"alice@acme:pc".as_ptr(), c"token".as_ptr())
    });
    assert_eq!(code.join().unwrap(), c::MOSQ_ERR_AUTH);
    stop(seat);
}
