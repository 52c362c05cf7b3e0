//! Of two who talk, messages are allowed without a look at the directory for as long as nothing changes.

use super::glance::{Event, Scene, USERS, question};

#[test]
fn a_talk_is_recognised_until_anything_changes() {
    for by_broker in [true, false] {
        let mut scene = Scene::new(by_broker);
        scene.play(&Event::Login { conn: 0, client: 0 });
        scene.play(&Event::Login { conn: 1, client: 2 });
        let turn = [question(0, true, 1, 0), question(1, false, 1, 0)];
        let played = |scene: &mut Scene| {
            let before = scene.of_a_talk;
            for event in &turn {
                scene.play(event);
            }
            scene.of_a_talk - before
        };
        // Until it is known that the broker brings all by itself, which is told in TICK.
        for _ in 0..4 {
            played(&mut scene);
            scene.play(&Event::Tick);
        }
        assert_eq!(played(&mut scene), 2, "by broker: {by_broker}");
        // To be given one's own, or another's, is not a part of it.
        for (source, want) in [(1, 0), (2, 0), (0, 1)] {
            let before = scene.of_a_talk;
            scene.play(&question(1, false, 1, source));
            assert_eq!(scene.of_a_talk - before, want, "{}", USERS[source]);
        }
        for change in [
            Event::Members {
                of: "acme",
                users: 3,
            },
            Event::Login { conn: 2, client: 3 },
            Event::Logout { conn: 2 },
        ] {
            scene.play(&change);
            assert_eq!(played(&mut scene), 0, "{change:?}");
            for _ in 0..4 {
                played(&mut scene);
                scene.play(&Event::Tick);
            }
            assert_eq!(played(&mut scene), 2, "{change:?}");
        }
        // It stands while others write by the way, and ends when one of them is looked at for a talk.
        scene.play(&question(0, true, 0, 0));
        scene.play(&Event::Tick);
        assert_eq!(played(&mut scene), 2, "to the own inbox");
        for _ in 0..4 {
            scene.play(&question(1, true, 0, 1));
            scene.play(&question(0, false, 0, 1));
            scene.play(&Event::Tick);
        }
        assert_eq!(played(&mut scene), 0, "another inbox was written to");
    }
}
