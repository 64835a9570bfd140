//! A bad file that lands in a watched folder: what a person sees without a click, and what they can do about it.

use anyhow::ensure;
use proofmark_tests::{Csv, Outcome, Sandbox, Window};
use serde_json::json;

/// Customers of which every fortieth has -1 for an income, as a system writes that does not know it.
fn with_sentinels(rows: usize) -> String {
    let good = Csv::customers(rows);
    let mut lines: Vec<String> = good.text().lines().map(str::to_owned).collect();
    for line in lines.iter_mut().skip(1).step_by(40) {
        let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        fields[2] = "-1".to_owned();
        *line = fields.join(",");
    }
    lines.join("\n") + "\n"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_is_told_of_at_once_and_its_finding_says_what_and_where() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("work/data/customers_2026-09.csv", Csv::customers(800).text())?;
    let folder = sandbox.folder("work")?;
    let window = Window::open_with(&sandbox, "ada", &[&folder.to_string_lossy()]).await?;
    window.navigate("projects").await?;
    window.read("[data-testid=project-row]", "work").await?;
    let project = window.ask("project_list", json!({})).await?["projects"][0]["project"]["id"].clone();
    let project = project.as_str().unwrap_or_default().to_owned();
    window.all_looked_at(&project).await?;
    window.navigate("overview").await?;
    window.close_messages().await?;
    ensure!(
        window.count("[data-testid=attention-item]").await? == 0,
        "something needs a person before anything is bad"
    );

    // From here to the message, nobody touches the window.
    sandbox.write("work/data/customers_2026-10.csv", with_sentinels(800))?;
    let told = window.read("[data-testid=toast][data-tone=fail]", "customers_2026-10.csv failed its checks").await?;
    ensure!(told.contains("income"), "the message does not say which column: {told}");
    window.read("[data-testid=attention-item]", "customers_2026-10.csv failed its checks").await?;
    window.picture("screening-overview").await?;

    window.click("[data-testid=toast][data-tone=fail] [data-testid=toast-action]").await?;
    window.at(&format!("/data/{project}/data/customers_2026-10.csv")).await?;
    let finding = window.read("[data-testid=finding][data-kind=sentinel]", "income").await?;
    ensure!(finding.contains("Sentinel"), "the finding does not say its kind: {finding}");
    ensure!(finding.contains("20 rows"), "the finding does not say how many rows: {finding}");
    ensure!(finding.contains("for example rows 1 · 41"), "the finding does not say which rows: {finding}");
    window.click("[data-testid=finding][data-kind=sentinel] [data-testid=show-rows]").await?;
    // The column is sensitive, so its rows are named and their values are not.
    window.read("[data-testid=finding][data-kind=sentinel]", "Values of sensitive columns are not shown.").await?;
    window.picture("screening-finding").await?;

    // The rows are set aside in a folder that the person chooses.
    let aside = sandbox.folder("aside")?;
    window.answer_dialogs(&aside).await?;
    window.click("[data-testid=set-aside]").await?;
    window.click("[data-testid=set-aside-go]").await?;
    window.read("[data-testid=toast]", "20 rows were set aside").await?;
    let kept = std::fs::read_to_string(aside.join("customers_2026-10.kept.csv"))?;
    ensure!(kept.lines().count() == 781, "{} lines stay", kept.lines().count());

    // And the file is held back until somebody says why it may be used.
    window.close_messages().await?;
    window.click("[data-testid=hold-open]").await?;
    window.click("[data-testid=hold-confirm]").await?;
    window.read("[data-testid=hold-dialog]", "Say why").await?;
    window.write("[data-testid=hold-reason]", "The branch sends it again.").await?;
    window.click("[data-testid=hold-confirm]").await?;
    window.read("[data-testid=hold][data-state=held]", "The branch sends it again.").await?;
    window.close_messages().await?;
    window.picture("screening-held").await?;
    window.navigate("overview").await?;
    window.read("[data-testid=attention-item]", "is held back").await?;
    window.go(&format!("/data/{project}/data/customers_2026-10.csv")).await?;
    window.click("[data-testid=hold-release]").await?;
    window.write("[data-testid=hold-reason]", "Only the counts are used.").await?;
    window.click("[data-testid=hold-confirm]").await?;
    window.read("[data-testid=hold][data-state=released]", "Only the counts are used.").await?;
    let list = window.ask("hold_list", json!({})).await?;
    ensure!(list["holds"][0]["word"]["state"] == "released", "{list}");
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lineage_shows_what_was_made_from_data_in_trouble() -> Outcome {
    let sandbox = Sandbox::new()?;
    let window = Window::open(&sandbox, "ada").await?;
    let project = window.open_sample().await?;
    window.all_looked_at(&project).await?;
    window.close_messages().await?;
    window
        .ask(
            "hold_decide",
            json!({ "project": project, "path": "data/processed/train.parquet", "state": "held", "reason": "Its labels are checked again." }),
        )
        .await?;
    window.go(&format!("/projects/{project}/lineage?focus=data%2Fprocessed%2Ftrain.parquet")).await?;
    window.see("[data-testid=lineage-trouble][data-own=true]").await?;
    window.see("[data-testid=lineage-trouble][data-own=false]").await?;
    window.rest().await?;
    window.picture("lineage-trouble").await?;
    window.click_in_drawing("[data-testid=lineage-node][data-kind=model]").await?;
    window.read("[data-testid=node-troubles]", "Its labels are checked again.").await?;
    window.picture("lineage-trouble-model").await?;
    window.navigate("overview").await?;
    window.read("[data-testid=model-line]", "which is held back").await?;
    window.close().await
}
