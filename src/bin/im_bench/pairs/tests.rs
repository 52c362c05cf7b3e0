//! The data that a message carries.

use super::talker::write_data;
use super::*;

#[test]
fn data_carries_intended_time_and_phase() {
    let data = write_data(Duration::from_nanos(123_456_789), 7);
    assert_eq!(
        read_data(&data),
        Some((Duration::from_nanos(123_456_789), 7))
    );
    assert_eq!(read_data(&data[..11]), None);
}

#[test]
fn both_means_every_other_pair() {
    let used: Vec<QoS> = (0..3).map(|pair| Qos::Both.of_pair(pair)).collect();
    assert_eq!(used, [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::AtMostOnce]);
    assert_eq!(Qos::One.of_pair(0), QoS::AtLeastOnce);
    assert_eq!(Qos::Zero.of_pair(1), QoS::AtMostOnce);
}

#[tokio::test]
async fn metronome_is_never_early() {
    let schedule = Schedule::new(500.0, Duration::from_millis(40), 1);
    let mut due = metronome(schedule);
    let mut heard = 0;
    while let Some((number, intended)) = due.recv().await {
        assert_eq!(number, heard);
        assert!(Instant::now() >= intended);
        heard += 1;
    }
    assert_eq!(heard, 20);
}
