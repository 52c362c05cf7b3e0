//! Secrets as the library has them: never shown, wiped when dropped.

pub(crate) use mosquitto_enterprise_push::client::Secret;
