use std::fmt::Write as _;

use proofmark_contract::view::{Nothing, ScreenStart};
use proofmark_domain::attention::Target;
use proofmark_domain::monitor::HealthState;

use super::Sandbox;
use super::line::wait;

/// Three weeks of predictions, 24 a day; the amounts of the days from `step` on are four times as high.
fn log(days: u32, step: u32) -> String {
    let mut text = String::new();
    for row in 0..days * 24 {
        let (day, hour) = (row / 24, row % 24);
        let times = if day >= step { 4.0 } else { 1.0 };
        // A multiplicative sequence: the same values on every machine, spread evenly.
        let spread = f64::from((row * 7919) % 1000) / 1000.0;
        writeln!(
            text,
            "{{\"request_id\":\"{row:08x}-0000-4000-8000-{row:012x}\",\"time\":\"2026-10-{:02}T{hour:02}:00:00Z\",\"model\":\"shop\",\
             \"version\":\"1\",\"inputs\":{{\"amount\":{:.3},\"age\":{}}},\"outputs\":{{\"prediction\":{}}}}}",
            day + 1,
            times * (50.0 + 100.0 * spread),
            18 + (row * 31) % 60,
            row % 2,
        )
        .unwrap();
    }
    text
}

#[test]
fn a_log_is_read_when_it_has_grown_and_the_overview_says_what_changed() {
    let sandbox = Sandbox::new();
    let rows: String = (0..2000)
        .map(|row| format!("{:.3},{}\n", 50.0 + f64::from((row * 7919) % 1000) / 10.0, 18 + row % 60))
        .collect();
    sandbox.write("train.csv", &format!("amount,age\n{rows}"));
    sandbox.write("logs/predictions.jsonl", &log(14, 99));
    sandbox.write("proofmark.toml", "[[dataset]]\npath = \"logs/predictions.jsonl\"\nreference = \"train.csv\"\n");
    let project = sandbox.add();
    let place = sandbox.place(&project, "logs/predictions.jsonl");
    let look = || {
        sandbox.scan(&project);
        wait(&sandbox, sandbox.engine.screen_start(ScreenStart { project: project.id, path: None }).unwrap());
        sandbox.engine.monitor_show(place.clone()).unwrap().head.unwrap()
    };
    let needs = || {
        let attention = sandbox.engine.overview(Nothing {}).unwrap().attention;
        let about =
            |target: &Target| matches!(target, Target::Monitor { path, .. } if path == "logs/predictions.jsonl");
        attention.into_iter().filter(|it| about(&it.target)).collect::<Vec<_>>()
    };

    let first = look();
    assert_ne!(first.state, HealthState::Bad, "{}", first.why);
    assert!(needs().is_empty(), "nothing moved: {:?}", needs());

    sandbox.write("logs/predictions.jsonl", &log(21, 14));
    assert_eq!(look().report, first.report, "within the hour it is not read again");

    sandbox.clock.advance_ms(3_600_000);
    let second = look();
    assert_ne!(second.report, first.report);
    assert!(matches!(second.state, HealthState::Watch | HealthState::Bad), "{}", second.why);
    assert!(second.alerts > 0);
    let found = needs();
    assert_eq!(found.len(), 1);
    assert!(found[0].what.contains("shop"), "{}", found[0].what);
    assert!(found[0].why.contains("amount"), "{}", found[0].why);

    let again = look();
    assert_eq!(again.report, second.report, "the same bytes are read once");

    // It grows, and is something else when it is read: what was known of the model stands.
    sandbox.write("logs/predictions.jsonl", &log(22, 14));
    sandbox.scan(&project);
    sandbox.write("logs/predictions.jsonl", "PK\u{3}\u{4} is no log\n");
    sandbox.clock.advance_ms(3_600_000);
    wait(&sandbox, sandbox.engine.screen_start(ScreenStart { project: project.id, path: None }).unwrap());
    let after = sandbox.engine.monitor_show(place.clone()).unwrap().head.unwrap();
    assert_eq!((after.report, after.state), (second.report, second.state));
    assert_eq!(needs().len(), 1, "a log that cannot be read hides no model");
    let list = sandbox.engine.monitor_list(Default::default()).unwrap();
    assert!(list.logs[0].sentence.contains("Since then it could not be read: "), "{}", list.logs[0].sentence);
}

#[test]
fn a_log_that_cannot_be_read_is_tried_once_and_said_to_be_so() {
    let sandbox = Sandbox::new();
    sandbox.write("logs/predictions.jsonl", &log(14, 99));
    let project = sandbox.add();
    let place = sandbox.place(&project, "logs/predictions.jsonl");
    sandbox.scan(&project);
    // What was recorded as a log is something else when it is read.
    sandbox.write("logs/predictions.jsonl", "PK\u{3}\u{4} is no log\n");
    wait(&sandbox, sandbox.engine.screen_start(ScreenStart { project: project.id, path: None }).unwrap());
    assert!(sandbox.engine.monitor_show(place).unwrap().head.is_none());
    let list = sandbox.engine.monitor_list(Default::default()).unwrap();
    assert!(list.logs[0].sentence.starts_with("It could not be read: "), "{}", list.logs[0].sentence);
}
