//! Who is slowed down by whose failures.

use super::*;

const S: Duration = Duration::from_secs(1);

fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

/// `10.x.y.z`
fn peer(number: u32) -> IpAddr {
    let [_, x, y, z] = number.to_be_bytes();
    IpAddr::from([10, x, y, z])
}

/// Fails once, or has to wait.
fn fail(limiter: &Limiter, name: &str, from: IpAddr, now: Instant) -> Result<(), Duration> {
    limiter
        .admit(&user(name), Guesser::Stranger(from), now)
        .map(drop)
}

/// Succeeds, or has to wait.
fn log_in(limiter: &Limiter, name: &str, from: IpAddr, now: Instant) -> Result<(), Duration> {
    let attempt = limiter.admit(&user(name), Guesser::Stranger(from), now)?;
    attempt.succeeded(now);
    Ok(())
}

#[test]
fn the_sixth_failure_waits_and_other_users_and_peers_do_not() {
    let (limiter, now) = (Limiter::new(), Instant::now());
    for _ in 0..5 {
        assert!(fail(&limiter, "bob@acme", peer(1), now).is_ok());
    }
    assert_eq!(fail(&limiter, "bob@acme", peer(1), now), Err(S * 12));
    assert!(fail(&limiter, "bob@acme", peer(2), now).is_ok());
    assert!(fail(&limiter, "alice@acme", peer(1), now).is_ok());
    assert!(fail(&limiter, "bob@beta", peer(1), now).is_ok());
    assert!(fail(&limiter, "bob@acme", peer(1), now + S * 12).is_ok());
    assert!(fail(&limiter, "bob@acme", peer(1), now + S * 12).is_err());
}

#[test]
fn a_success_forgives_and_what_was_never_looked_at_does_not_count() {
    let (limiter, now) = (Limiter::new(), Instant::now());
    for _ in 0..20 {
        for _ in 0..4 {
            fail(&limiter, "bob@acme", peer(1), now).unwrap();
        }
        // The user's own total is not forgiven, so that a guesser gains nothing by it.
        if log_in(&limiter, "bob@acme", peer(1), now).is_err() {
            panic!("the address is a usual one by now");
        }
    }
    for _ in 0..200 {
        let attempt = limiter.admit(&user("zed@acme"), Guesser::Stranger(peer(2)), now);
        attempt.unwrap().called_off();
    }
}

#[test]
fn guessing_from_many_addresses_is_slowed_and_does_not_touch_the_user() {
    let (limiter, now) = (Limiter::new(), Instant::now());
    let (home, device) = (peer(1), Digest::of(b"family"));
    log_in(&limiter, "bob@acme", home, now).unwrap();
    let guess = |number: u32| fail(&limiter, "bob@acme", peer(1_000 + number), now);
    let guessed = (0..10_000).filter(|n| guess(*n).is_ok()).count();
    assert_eq!(guessed, 50);
    // An hour later: a hundred more at most.
    let later = now + S * 3600;
    let guess = |number: u32| fail(&limiter, "bob@acme", peer(100_000 + number), later);
    assert_eq!((0..10_000).filter(|n| guess(*n).is_ok()).count(), 50);
    // The user: on a known device anywhere, and on a new one at home.
    let known = limiter.admit(&user("bob@acme"), Guesser::Known(&device), later);
    known.unwrap().succeeded(later);
    log_in(&limiter, "bob@acme", home, later).unwrap();
    // Elsewhere, on a new device, there is a wait, and an end to it.
    let wait = log_in(&limiter, "bob@acme", peer(7), later).unwrap_err();
    assert!(wait <= S * 36, "{wait:?}");
    log_in(&limiter, "bob@acme", peer(7), later + wait).unwrap();
    // Other users are not concerned.
    log_in(&limiter, "alice@acme", peer(7), later).unwrap();
}

#[test]
fn one_peer_is_slowed_over_all_users_and_only_by_failures() {
    let (limiter, now) = (Limiter::new(), Instant::now());
    for n in 0..1_000 {
        log_in(&limiter, &format!("good-{n}@acme"), peer(1), now).unwrap();
    }
    let spray = |n| fail(&limiter, &format!("user-{n}@acme"), peer(1), now);
    let sprayed = (0..1_000).filter(|n| spray(*n).is_ok()).count();
    assert_eq!(sprayed, 100);
    assert!(fail(&limiter, "user-1@acme", peer(2), now).is_ok());
}

#[test]
fn a_known_device_is_slowed_by_its_own_failures_alone() {
    let (limiter, now) = (Limiter::new(), Instant::now());
    let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
    let try_on = |device: &Digest| {
        let attempt = limiter.admit(&user("bob@acme"), Guesser::Known(device), now);
        attempt.map(drop)
    };
    for _ in 0..10 {
        try_on(&one).unwrap();
    }
    assert_eq!(try_on(&one), Err(S * 12));
    assert!(try_on(&other).is_ok());
    assert!(fail(&limiter, "bob@acme", peer(1), now).is_ok());
}

#[test]
fn an_ipv6_guesser_has_a_network_and_an_ipv4_one_an_address_however_written() {
    let of = |text: &str| network(text.parse().unwrap());
    assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::1"));
    assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
}
