//! What people answer to alerts, and what is learned from it.
//!
//! An answer belongs to the alert of a kind that began at a moment: a new one needs a new answer. `seasonal` is remembered beyond its alert:
//! an alert of the same kind, about no further column, that lies in the same months of a later year is expected and does not open.

use serde::{Deserialize, Serialize};

use super::{Alert, AlertKind, MonitorWindow, health};
use crate::Timestamp;
use crate::monitor::Health;

/// What a person answers to an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum AlertAnswer {
    /// It is known. It shows again when it costs half as much more than now.
    Acknowledged {
        /// What it cost then.
        cost: Option<f64>,
    },
    /// It is not to be shown until a moment.
    Snoozed {
        /// The moment.
        until: Timestamp,
    },
    /// It is what this time of the year is like.
    Seasonal {
        /// The months that it lay in, 1..=12.
        months: Vec<u32>,
        /// The columns that it was about.
        columns: Vec<String>,
    },
    /// The answer before this one no longer holds.
    Reopened,
}

/// An answer with its circumstances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnsweredAlert {
    /// The model in the log; `None` where the log names none.
    pub model: Option<String>,
    /// Kind of the alert.
    pub kind: AlertKind,
    /// Begin of the alert's first window; `None` in a log without times.
    pub since: Option<Timestamp>,
    /// What was answered.
    pub answer: AlertAnswer,
    /// Who answered.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why, in the person's words.
    pub note: String,
}

/// How an answered alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum AlertState {
    /// A person knows of it.
    Acknowledged,
    /// A person does not want to see it now.
    Snoozed,
    /// It belongs to the season.
    Seasonal,
}

/// The answer that holds for an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct AlertResponse {
    /// How it stands.
    pub state: AlertState,
    /// Until when, of a snoozed one.
    pub until: Option<Timestamp>,
    /// Who answered.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why, in the person's words.
    pub note: String,
    /// Whether the answer was given to an alert of an earlier year and learned from it.
    pub learned: bool,
}

/// Rise of the cost by which an acknowledged alert shows again.
const WORSE: f64 = 1.5;
/// A season is no longer than this many months.
const LONGEST_SEASON: usize = 6;

/// Months of the windows that an alert spans, without repetition; empty where the log holds no times.
pub fn months_of(alert: &Alert, windows: &[MonitorWindow]) -> Vec<u32> {
    let mut months: Vec<u32> = windows
        .iter()
        .skip(alert.window as usize)
        .take(alert.windows as usize)
        .filter_map(|it| it.start)
        .filter_map(|it| it.to_string().get(5..7).and_then(|it| it.parse().ok()))
        .collect();
    months.sort_unstable();
    months.dedup();
    months
}

/// The seasonal answer to an alert, if it can be one.
///
/// # Errors
/// Why an alert cannot be a season, in words.
pub fn as_seasonal(alert: &Alert, windows: &[MonitorWindow]) -> Result<AlertAnswer, &'static str> {
    let months = months_of(alert, windows);
    if months.is_empty() {
        return Err("the log holds no times, so a season cannot be told");
    }
    if months.len() > LONGEST_SEASON {
        return Err("it lasts longer than half a year, which is no season");
    }
    match alert.kind {
        AlertKind::Errors | AlertKind::Skew | AlertKind::Scores => {
            Err("failed requests, wrongly served inputs and scores that are none do not come with the season")
        }
        _ => Ok(AlertAnswer::Seasonal { months, columns: alert.columns.clone() }),
    }
}

/// Puts the answers that hold into the alerts, in the order in which they were given, and judges the model anew: a seasonal alert is not
/// open, an acknowledged or snoozed one stays what it is.
pub fn apply(
    alerts: &mut [Alert],
    windows: &[MonitorWindow],
    answers: &[AnsweredAlert],
    model: Option<&str>,
    now: Timestamp,
) -> Option<Health> {
    let ours: Vec<&AnsweredAlert> = answers.iter().filter(|it| it.model.as_deref() == model).collect();
    let mut changed = false;
    for alert in alerts.iter_mut() {
        let own = ours.iter().rev().find(|it| it.kind == alert.kind && it.since == alert.since);
        let respond = |it: &AnsweredAlert, state, until, learned| AlertResponse {
            state,
            until,
            by: it.by.clone(),
            at: it.at,
            note: it.note.clone(),
            learned,
        };
        alert.answer = match own.map(|it| (it, &it.answer)) {
            Some((it, AlertAnswer::Acknowledged { cost })) => {
                let worse = alert.cost.zip(*cost).is_some_and(|(now, then)| now > then * WORSE && now > 0.0);
                if worse {
                    alert.sentence = format!("{} It became worse since {} acknowledged it.", alert.sentence, it.by);
                }
                (!worse).then(|| respond(it, AlertState::Acknowledged, None, false))
            }
            Some((it, AlertAnswer::Snoozed { until })) => {
                (now < *until).then(|| respond(it, AlertState::Snoozed, Some(*until), false))
            }
            Some((it, AlertAnswer::Seasonal { .. })) => Some(respond(it, AlertState::Seasonal, None, false)),
            Some((_, AlertAnswer::Reopened)) => None,
            None => learned(alert, windows, &ours).map(|it| respond(it, AlertState::Seasonal, None, true)),
        };
        if alert.answer.as_ref().is_some_and(|it| it.state == AlertState::Seasonal) {
            changed |= alert.is_open;
            alert.is_open = false;
        }
    }
    changed.then(|| health(windows, alerts))
}

/// The newest seasonal answer to an alert of the same kind that covers this one.
fn learned<'a>(alert: &Alert, windows: &[MonitorWindow], answers: &[&'a AnsweredAlert]) -> Option<&'a AnsweredAlert> {
    let months = months_of(alert, windows);
    if months.is_empty() {
        return None;
    }
    answers.iter().rev().copied().find(|it| {
        let reopened = answers.iter().rev().find(|other| other.kind == it.kind && other.since == it.since);
        let stands = reopened.is_some_and(|newest| matches!(newest.answer, AlertAnswer::Seasonal { .. }));
        match &it.answer {
            AlertAnswer::Seasonal { months: known, columns } if stands && it.kind == alert.kind => {
                months.iter().all(|month| known.contains(month))
                    && alert.columns.iter().all(|column| columns.contains(column))
            }
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn alert(since: &str, columns: &[&str], cost: Option<f64>) -> (Alert, Vec<MonitorWindow>) {
        let window = MonitorWindow { start: Some(moment(since)), ..MonitorWindow::default() };
        let alert = Alert {
            kind: AlertKind::Inputs,
            columns: columns.iter().map(|it| (*it).to_owned()).collect(),
            window: 0,
            since: Some(moment(since)),
            windows: 1,
            is_open: true,
            cost,
            sentence: "amount is distributed otherwise.".to_owned(),
            answer: None,
        };
        (alert, vec![window])
    }

    fn answered(since: &str, answer: AlertAnswer) -> AnsweredAlert {
        AnsweredAlert {
            model: None,
            kind: AlertKind::Inputs,
            since: Some(moment(since)),
            answer,
            by: "ada".to_owned(),
            at: moment(since),
            note: String::new(),
        }
    }

    fn applied(alert: &Alert, windows: &[MonitorWindow], answers: &[AnsweredAlert], now: &str) -> Alert {
        let mut alerts = [alert.clone()];
        apply(&mut alerts, windows, answers, None, moment(now));
        alerts[0].clone()
    }

    #[test]
    fn a_season_is_learned_for_its_months_and_columns_only() {
        let (first, windows) = alert("2024-12-01T00:00:00Z", &["amount"], None);
        let answer = as_seasonal(&first, &windows).unwrap();
        let answers = [answered("2024-12-01T00:00:00Z", answer)];
        let state = |alert: &(Alert, Vec<MonitorWindow>), answers: &[AnsweredAlert]| {
            let found = applied(&alert.0, &alert.1, answers, "2026-01-01T00:00:00Z");
            (found.is_open, found.answer.map(|it| (it.state, it.learned)))
        };
        assert_eq!(state(&(first, windows), &answers), (false, Some((AlertState::Seasonal, false))));
        let next = alert("2025-12-01T00:00:00Z", &["amount"], None);
        assert_eq!(
            state(&next, &answers),
            (false, Some((AlertState::Seasonal, true))),
            "the next December is expected"
        );
        assert_eq!(state(&alert("2025-11-01T00:00:00Z", &["amount"], None), &answers), (true, None));
        assert_eq!(state(&alert("2025-12-01T00:00:00Z", &["amount", "age"], None), &answers), (true, None));
        let back = [answers[0].clone(), answered("2024-12-01T00:00:00Z", AlertAnswer::Reopened)];
        assert_eq!(state(&next, &back), (true, None), "an answer can be taken back");
    }

    #[test]
    fn a_snooze_ends_and_an_acknowledged_alert_that_gets_worse_shows_again() {
        let (it, windows) = alert("2025-03-01T00:00:00Z", &["amount"], Some(0.02));
        let until = moment("2025-04-01T00:00:00Z");
        let snoozed = [answered("2025-03-01T00:00:00Z", AlertAnswer::Snoozed { until })];
        assert!(applied(&it, &windows, &snoozed, "2025-03-20T00:00:00Z").answer.is_some());
        assert!(applied(&it, &windows, &snoozed, "2025-04-01T00:00:00Z").answer.is_none());
        let known = [answered("2025-03-01T00:00:00Z", AlertAnswer::Acknowledged { cost: Some(0.02) })];
        assert!(applied(&it, &windows, &known, "2025-04-01T00:00:00Z").answer.is_some());
        let (worse, windows) = alert("2025-03-01T00:00:00Z", &["amount"], Some(0.05));
        let shown = applied(&worse, &windows, &known, "2025-04-01T00:00:00Z");
        assert!(shown.answer.is_none() && shown.sentence.contains("worse"), "{}", shown.sentence);
    }
}
