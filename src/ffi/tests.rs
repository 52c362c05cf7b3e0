//! The exports and callbacks as C would call them: with NULL, with nonsense, without a broker around.

use std::os::raw::{c_char, c_int, c_void};
use std::ptr::{null, null_mut};
use std::sync::Arc;

use super::entry::{
    Loaded, mosquitto_plugin_cleanup, mosquitto_plugin_init, mosquitto_plugin_version,
};
use super::host::Broker;
use super::signals::SignalBell;
use super::{c, callbacks, shadow};
use crate::config::Options;
use crate::plugin::{Capabilities, Plugin};

fn option(key: *const c_char, value: *const c_char) -> c::mosquitto_opt {
    c::mosquitto_opt {
        key: key.cast_mut(),
        value: value.cast_mut(),
    }
}

#[test]
fn version_takes_null_and_picks_five() {
    let offered = [5, 4, 3, 2];
    let old = [4, 3, 2];
    // SAFETY: NULL, and arrays with their own lengths.
    unsafe {
        assert_eq!(mosquitto_plugin_version(4, null()), -1);
        assert_eq!(mosquitto_plugin_version(0, offered.as_ptr()), -1);
        assert_eq!(mosquitto_plugin_version(-3, offered.as_ptr()), -1);
        assert_eq!(mosquitto_plugin_version(4, offered.as_ptr()), 5);
        assert_eq!(mosquitto_plugin_version(3, old.as_ptr()), -1);
    }
}

#[test]
fn init_and_cleanup_take_null() {
    let mut userdata = null_mut();
    // SAFETY: the identifier is never read by us; NULL is what is tested.
    unsafe {
        assert_ne!(
            mosquitto_plugin_init(null_mut(), &raw mut userdata, null_mut(), 0),
            0
        );
        assert_ne!(
            mosquitto_plugin_init(null_mut(), null_mut(), null_mut(), 0),
            0
        );
        assert_eq!(mosquitto_plugin_cleanup(null_mut(), null_mut(), 0), 0);
    }
    assert!(userdata.is_null());
}

#[test]
fn init_without_the_host_functions_of_2_0_fails_and_leaves_nothing_behind() {
    let mut options = [
        option(c"static_url".as_ptr(), c"http://127.0.0.1:9".as_ptr()),
        option(c"client_id".as_ptr(), c"b1".as_ptr()),
        option(c"client_secret".as_ptr(), c"s".as_ptr()),
        option(c"feed".as_ptr(), c"off".as_ptr()),
    ];
    let mut userdata = null_mut();
    let identifier = std::ptr::dangling_mut::<c::mosquitto_plugin_id_t>();
    // SAFETY: the identifier goes to absent host functions only; the options are literals.
    let code =
        unsafe { mosquitto_plugin_init(identifier, &raw mut userdata, options.as_mut_ptr(), 4) };
    assert_ne!(code, 0);
    assert!(userdata.is_null());
}

/// A plugin whose broker has no functions at all.
fn loaded() -> Box<Loaded> {
    let mut options = Options::default();
    for (name, value) in [
        ("static_url", "http://127.0.0.1:9"),
        ("client_id", "b1"),
        ("client_secret", "s"),
        ("feed", "off"),
    ] {
        options.set(name, value).unwrap();
    }
    let bell = Arc::new(SignalBell::install());
    let capabilities = Capabilities {
        delayed_login: true,
        subscriptions: true,
        events: true,
        shows_clients: true,
    };
    let plugin =
        Plugin::start(Broker::new(), capabilities, &options, "test", bell.clone()).unwrap();
    Box::new(Loaded::new(plugin, bell, null_mut()))
}

#[test]
fn every_callback_takes_null_and_denies() {
    let loaded = loaded();
    let userdata = std::ptr::from_ref(&*loaded).cast_mut().cast::<c_void>();
    let denies = [
        c::MOSQ_EVT_BASIC_AUTH,
        c::MOSQ_EVT_EXT_AUTH_START,
        c::MOSQ_EVT_EXT_AUTH_CONTINUE,
        c::MOSQ_EVT_ACL_CHECK,
    ];
    for (event, callback, _, name) in callbacks::all() {
        let number = c_int::try_from(event).unwrap();
        for (data, userdata) in [(null_mut(), null_mut()), (null_mut(), userdata)] {
            // SAFETY: NULL, or a live `Loaded` without an event.
            let code = unsafe { callback(number, data, userdata) };
            assert!(
                !denies.contains(&event) || (code != 0 && code != c::MEP_ERR_AUTH_DELAYED),
                "{name}: {code}"
            );
        }
    }
}

#[test]
fn every_callback_of_shadow_mode_takes_null_and_leaves_it_to_others() {
    let loaded = loaded();
    let userdata = std::ptr::from_ref(&*loaded).cast_mut().cast::<c_void>();
    // There is no broker around, so none that knows IGNORE.
    let decides = [c::MOSQ_EVT_BASIC_AUTH, c::MOSQ_EVT_ACL_CHECK];
    for (event, callback, _, name) in shadow::all() {
        let number = c_int::try_from(event).unwrap();
        for (data, userdata) in [(null_mut(), null_mut()), (null_mut(), userdata)] {
            // SAFETY: NULL, or a live `Loaded` without an event.
            let code = unsafe { callback(number, data, userdata) };
            let wanted = if decides.contains(&event) || event == c::MOSQ_EVT_RELOAD {
                c::MOSQ_ERR_PLUGIN_DEFER
            } else {
                c::MOSQ_ERR_SUCCESS
            };
            assert_eq!(code, wanted, "{name}");
        }
    }
}

#[test]
fn events_without_client_topic_or_names_are_denied() {
    let loaded = loaded();
    let userdata = std::ptr::from_ref(&*loaded).cast_mut().cast::<c_void>();
    // SAFETY: all-zero events are NULL pointers and zeros; the callbacks get the types they expect.
    unsafe {
        let mut auth: c::mosquitto_evt_basic_auth = std::mem::zeroed();
        let mut acl: c::mosquitto_evt_acl_check = std::mem::zeroed();
        let mut gone: c::mosquitto_evt_disconnect = std::mem::zeroed();
        for (event, data) in [
            (c::MOSQ_EVT_BASIC_AUTH, (&raw mut auth).cast::<c_void>()),
            (c::MOSQ_EVT_ACL_CHECK, (&raw mut acl).cast()),
        ] {
            let (_, callback, ..) = callbacks::all()
                .into_iter()
                .find(|(e, ..)| *e == event)
                .unwrap();
            assert!(callback(0, data, userdata) > 0);
        }
        let (_, disconnect, ..) = callbacks::all()
            .into_iter()
            .find(|(e, ..)| *e == c::MOSQ_EVT_DISCONNECT)
            .unwrap();
        assert_eq!(disconnect(0, (&raw mut gone).cast(), userdata), 0);
    }
}

#[test]
fn callback_on_another_thread_is_denied() {
    let loaded = loaded();
    let userdata = std::ptr::from_ref(&*loaded).addr();
    let code = std::thread::spawn(move || {
        // SAFETY: the thread is joined before `loaded` goes; off the broker's thread nothing is touched
        // but the thread's id. The event is zeroed.
        unsafe {
            let mut acl: c::mosquitto_evt_acl_check = std::mem::zeroed();
            let (_, callback, ..) = callbacks::all()
                .into_iter()
                .find(|(e, ..)| *e == c::MOSQ_EVT_ACL_CHECK)
                .unwrap();
            callback(
                0,
                (&raw mut acl).cast(),
                std::ptr::with_exposed_provenance_mut(userdata),
            )
        }
    });
    assert_eq!(code.join().unwrap(), c::MOSQ_ERR_ACL_DENIED);
}
