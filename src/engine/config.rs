//! What the engine has to know at its start. Some of it may change later: [`super::Engine::retune`].

use std::time::Duration;

/// Whether the broker shows what clients publish (1.5), and what becomes of what it does not show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payloads {
    /// It is shown, and looked at.
    Shown,
    /// It is not: what would have to be looked at is refused.
    Refused,
    /// It is not, and is let through unseen.
    Trusted,
}

/// What the engine has to know at its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineConfig {
    /// Whether the broker can complete a login later (2.1).
    pub delayed_login: bool,
    /// Tokens remembered.
    pub cache_size: usize,
    /// Longest belief in a good answer.
    pub cache_ttl: Duration,
    /// Longest belief in a bad answer.
    pub negative_ttl: Duration,
    /// Waiting per second on the broker's thread.
    pub stall_budget: Duration,
    /// Longest wait for an answer of the static service.
    pub timeout: Duration,
    /// Failed logins allowed per peer address and minute; 0 for any number.
    pub peer_failures_per_min: u32,
    /// Failed logins allowed per user and minute; 0 for any number.
    pub user_failures_per_min: u32,
    /// Whether the broker has calls for its clients' subscriptions (2.1).
    pub broker_subscriptions: bool,
    /// Whether clients receive what is theirs without SUBSCRIBE.
    pub pre_subscribe: bool,
    /// Whether notices that wait for absent devices are kept over restarts.
    pub keeps_notices: bool,
    /// Whether presence is published by the plugin.
    pub presence: bool,
    /// Whether decisions are only told: nobody is let in or kept out, so there are no sessions.
    pub shadow: bool,
    /// Whether the broker shows the client id at login (1.5).
    pub client_id_at_login: bool,
    /// What is done with what clients publish.
    pub payloads: Payloads,
}

/// As the plugin's options are by default, on Mosquitto 2.1.
impl Default for EngineConfig {
    fn default() -> EngineConfig {
        EngineConfig {
            delayed_login: true,
            cache_size: 100_000,
            cache_ttl: Duration::from_secs(300),
            negative_ttl: Duration::from_secs(5),
            stall_budget: Duration::from_millis(50),
            timeout: Duration::from_secs(2),
            peer_failures_per_min: 600,
            user_failures_per_min: 60,
            broker_subscriptions: true,
            pre_subscribe: true,
            keeps_notices: false,
            presence: true,
            shadow: false,
            client_id_at_login: true,
            payloads: Payloads::Shown,
        }
    }
}
