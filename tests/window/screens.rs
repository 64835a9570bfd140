//! The first run, files as they happen, lineage and comparisons.

use std::fs;

use anyhow::ensure;
use proofmark_tests::{Csv, Outcome, PATIENCE, SAMPLE_MODEL, Sandbox, Window, eventually};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_leads_to_the_sample_project() -> Outcome {
    let sandbox = Sandbox::new()?;
    let window = Window::open(&sandbox, "ada").await?;
    window.see("[data-testid=first-run]").await?;
    window.picture("first-run").await?;
    window.open_sample().await?;
    window.read("[data-testid=count-files]", "22").await?;
    window.read("[data-testid=tab-files]", "22").await?;
    window.read("[data-testid=tab-runs]", "4").await?;
    window.read("[data-testid=sentence]", "1 model").await?;
    window.navigate("overview").await?;
    window.read("[data-testid=attention-item]", "transactions_2026-10.csv").await?;
    window.read("[data-testid=model-line]", "credit_model").await?;
    window.close_messages().await?;
    window.picture("overview").await?;
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_added_and_a_new_file_appears_without_a_click() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("work/data/customers.csv", Csv::customers(200).text())?;
    sandbox.write("work/train.py", "import pandas as pd\n")?;
    let folder = sandbox.folder("work")?;
    let window = Window::open(&sandbox, "ada").await?;
    window.answer_dialogs(&folder).await?;
    window.click("[data-testid=add-folder]").await?;
    window.at("/projects/").await?;
    window.read("[data-testid=file-row]", "customers.csv").await?;
    sandbox.write("work/data/later.csv", Csv::customers(210).text())?;
    window.read("[data-testid=file-row]", "later.csv").await?;
    fs::remove_file(folder.join("train.py"))?;
    eventually(PATIENCE, "the end of train.py", || async {
        let shown = window.run("return document.querySelector('main').innerText", vec![]).await?;
        ensure!(!shown.as_str().unwrap_or_default().contains("train.py"), "it is still shown");
        Ok(())
    })
    .await?;
    // A second look at the same folder opens it, and does not complain.
    window.navigate("projects").await?;
    window.click("[data-testid=add-folder]").await?;
    window.at("/projects/prj_").await?;
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_named_at_the_start_is_added() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("work/customers.csv", Csv::customers(20).text())?;
    let folder = sandbox.folder("work")?;
    let window = Window::open_with(&sandbox, "ada", &[&folder.to_string_lossy()]).await?;
    window.navigate("projects").await?;
    window.read("[data-testid=project-row]", "work").await?;
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn lineage_of_a_model_can_be_seen_selected_and_read_as_a_list() -> Outcome {
    let sandbox = Sandbox::new()?;
    let window = Window::open(&sandbox, "ada").await?;
    window.open_sample().await?;
    window.open_model(SAMPLE_MODEL).await?;
    window.click("[data-testid=model-lineage]").await?;
    window.see("[data-testid=lineage-node]").await?;
    window.rest().await?;
    ensure!(window.count("[data-testid=lineage-node]").await? >= 6, "too few nodes are drawn");
    ensure!(window.count("[data-testid=lineage-edge]").await? >= 5, "too few edges are drawn");
    window.read("[data-testid=lineage-focus]", "credit_model").await?;
    window.close_messages().await?;
    window.picture("lineage").await?;
    window.click_in_drawing("[data-testid=lineage-node][data-kind=run]").await?;
    window.see("[data-testid=inspector]").await?;
    window.picture("lineage-selected").await?;
    window.press(thirtyfour_escape()).await?;
    window.gone("[data-testid=inspector]").await?;
    window.click("[data-testid=lineage-list]").await?;
    window.read("[data-testid=lineage-edge-row]", "train").await?;
    window.picture("lineage-list").await?;
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_tells_what_it_does_and_a_model_what_it_can_be_compared_with() -> Outcome {
    let sandbox = Sandbox::new()?;
    let window = Window::open(&sandbox, "ada").await?;
    let project = window.open_sample().await?;
    window.go(&format!("/code/{project}/src/train.py")).await?;
    window.read("[data-testid=sentence]", "trains 1 model").await?;
    window.read("[data-testid=code-reads]", "train.parquet").await?;
    window.read("[data-testid=code-writes]", "credit_model.joblib").await?;
    window.close_messages().await?;
    window.picture("code").await?;
    window.open_model(SAMPLE_MODEL).await?;
    window.click("[data-testid=model-versus]").await?;
    window.read("[data-testid=versus-none]", "nothing to compare it with").await?;
    window.close().await
}

fn thirtyfour_escape() -> String {
    // The escape key, in WebDriver's private letters.
    '\u{e00c}'.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_is_run_and_shows_its_figure() -> Outcome {
    let sandbox = Sandbox::new()?;
    let window = Window::open(&sandbox, "ada").await?;
    let project = window.open_sample().await?;
    window.go(&format!("/data/{project}/data/production/features_2026-10.parquet")).await?;
    window.read("[data-testid=sentence]", "").await?;
    window.rest().await?;
    window.close_messages().await?;
    window.picture("dataset").await?;
    window.compare_with("data/processed/train.parquet").await?;
    window.read("[data-testid=drift-column-row]", "income").await?;
    window.see("[data-testid=figure] svg").await?;
    window.rest().await?;
    let marks = window.run("return document.querySelectorAll('[data-testid=figure] svg *').length", vec![]).await?;
    ensure!(marks.as_u64().is_some_and(|it| it > 10), "the figure has {marks} parts");
    window.picture("drift").await?;
    window.click("[data-testid=figure-table]").await?;
    window.see("[data-testid=figure] table").await?;
    let list = window.ask("drift_list", json!({})).await?;
    ensure!(list["reports"][0]["verdict"] == "drift", "{}", list["reports"][0]);
    window.close().await
}
