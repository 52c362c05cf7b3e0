//! What the tests stand on: brokers, services, clients, and the waiting.

mod broker;
mod certificates;
mod clocks;
mod conf;
mod cutting_proxy;
mod database;
mod fake;
mod feed_stream;
mod im;
mod message;
mod mqtt;
mod ports;
pub(crate) mod process;
pub(crate) mod replicas;
mod scene;
mod screen;
mod static_service;
mod version;
mod wait;

use std::sync::{PoisonError, RwLock};

pub(crate) use broker::{Broker, plugin_file};
pub(crate) use certificates::Authority;
pub(crate) use clocks::Clocks;
pub(crate) use conf::{BROKER_SECRET, Conf, MARK};
pub(crate) use cutting_proxy::{CuttingProxy, Way};
pub(crate) use database::{postgres, start_server};
pub(crate) use fake::{Answer, FakeService, Login, REALM_PATH, directory};
pub(crate) use feed_stream::Cut;
pub(crate) use im::Im;
pub(crate) use message::{Header, group_message, message, now_ms};
pub(crate) use mqtt::{Closing, Connect, Message, Mqtt, MqttClient, Outcome};
pub(crate) use ports::free_port;
pub(crate) use scene::{Scene, connect_until_decided};
pub(crate) use static_service::{PASSWORD, StaticService};
pub(crate) use version::Version;
pub(crate) use wait::{PATIENCE, eventually, within};

/// Makes one test per broker version of each named function, which takes the [`Version`].
macro_rules! each_broker {
    ($($behaviour:ident),+ $(,)?) => { $(
        mod $behaviour {
            use crate::harness::{Version, run};

            #[test]
            fn v2_0_11() {
                run(super::$behaviour, Version::V2_0_11);
            }

            #[test]
            fn v2_0_21() {
                run(super::$behaviour, Version::V2_0_21);
            }

            #[test]
            fn v2_1_2() {
                run(super::$behaviour, Version::V2_1_2);
            }
        }
    )+ };
}
pub(crate) use each_broker;

/// Held for reading by ordinary tests, for writing by one that measures time.
static QUIET: RwLock<()> = RwLock::new(());

/// Runs a test beside others.
pub(crate) fn run(behaviour: fn(Version), on: Version) {
    let _shared = QUIET.read().unwrap_or_else(PoisonError::into_inner);
    behaviour(on);
}

/// Runs a test while no other runs. Not from inside [`run`].
pub(crate) fn run_alone(behaviour: fn(Version), on: Version) {
    let _alone = QUIET.write().unwrap_or_else(PoisonError::into_inner);
    behaviour(on);
}
