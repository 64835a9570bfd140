//! A model in use: a month of production appears, and its predictions are traced.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use proofmark_tests::{Outcome, Sandbox, Window};
use serde_json::{Value, json};

/// Reading a log and telling of it takes longer than showing a page.
const LONG: Duration = Duration::from_secs(120);

/// The sample's October as a September in which three times the income was entered. Answers the log and an identifier in it.
fn september(october: &Path) -> Outcome<(String, String)> {
    let mut text = String::new();
    let mut last = None;
    for (row, line) in fs::read_to_string(october)?.lines().enumerate() {
        let mut record: Value = serde_json::from_str(line)?;
        let time = record["time"].as_str().context("no time")?.replace("2026-10", "2026-09");
        if time.starts_with("2026-09-31") {
            continue;
        }
        record["time"] = json!(time);
        let id = format!("{row:08x}-5e97-4000-8000-{row:012x}");
        record["request_id"] = json!(id);
        record["inputs"]["income"] = json!(record["inputs"]["income"].as_f64().context("no income")? * 3.0);
        text.push_str(&record.to_string());
        text.push('\n');
        last = Some(id);
    }
    Ok((text, last.context("the sample's log is empty")?))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_production_appears_and_one_of_its_predictions_is_traced() -> Outcome {
    let sandbox = Sandbox::new()?;
    let window = Window::open(&sandbox, "ada").await?;
    let project = window.open_sample().await?;
    let list = window.ask("project_list", json!({})).await?;
    let root = list["projects"][0]["project"]["root"].as_str().context("the project has no root")?.to_owned();
    let logs = Path::new(&root).join("logs");
    let (text, id) = september(&logs.join("predictions_2026-10.jsonl"))?;
    window.navigate("overview").await?;
    window.close_messages().await?;
    fs::write(logs.join("predictions_2026-09.jsonl"), text)?;

    // Without a click, the first page says which model it is and why it matters.
    let line = "[data-testid=attention-item][data-to=monitor]";
    let shown = window.read_within(LONG, line, "predictions_2026-09").await?;
    ensure!(shown.contains("income"), "it does not say what changed: {shown}");
    window.all_looked_at(&project).await?;
    window.close_messages().await?;
    window.picture("overview-production").await?;
    window.navigate("monitoring").await?;
    window.read("[data-testid=monitor-row]", "predictions_2026-09").await?;
    window.rest().await?;
    window.picture("monitoring").await?;
    window.go(&format!("/monitoring/{project}/logs/predictions_2026-09.jsonl")).await?;
    window.read("[data-testid=alert]", "income").await?;
    window.rest().await?;
    window.picture("monitor").await?;

    // The identifier of a prediction, pasted where one searches, opens its story.
    window.press_with_ctrl("k").await?;
    window.see("[data-testid=palette]").await?;
    window.press(id.as_str()).await?;
    window.read("[data-testid=palette-item]", &id[..8]).await?;
    window.press(thirtyfour_enter()).await?;
    window.read("[data-testid=trace-inputs]", "income").await?;
    window.read("[data-testid=trace-origin]", "credit_model").await?;
    window.rest().await?;
    window.picture("trace").await?;
    window.close().await
}

fn thirtyfour_enter() -> String {
    // The enter key, in WebDriver's private letters.
    '\u{e007}'.to_string()
}
