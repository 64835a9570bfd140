//! Two people, each with a home of their own, meet in one registry: Ada at her command line, Bob in his window.

use std::time::Duration;

use anyhow::{Context, ensure};
use proofmark_tests::{Desk, Outcome, RELEASED_AS, SAMPLE_MODEL, Sandbox, Window};

/// Longer than what passes between two looks at a registry.
const SOON: Duration = Duration::from_secs(30);

/// Says why in the dialog of an alias, and signs.
async fn move_alias(window: &Window, reason: &str) -> Outcome {
    window.write("[data-testid=alias-reason]", reason).await?;
    window.unlock().await?;
    window.click("[data-testid=alias-go]").await?;
    window.gone("[data-testid=alias-dialog]").await
}

async fn open_version(window: &Window, version: u64) -> Outcome {
    window.click(&format!("[data-version='{version}'] [data-testid=version-open]")).await?;
    window.read("[data-testid=version-proof]", "").await.map(|_| ())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_submits_waits_in_the_others_window_and_goes_as_far_as_its_end() -> Outcome {
    let sandbox = Sandbox::new()?;
    let registry = sandbox.root().join("registry");
    let ada = Desk::new(&sandbox, "ada", "Ada Albers")?;
    let model = ada.open_sample()?.join(SAMPLE_MODEL);
    ada.begin_registry(&registry)?;

    let window = Window::open(&sandbox, "bob").await?;
    window.create_person("Bob Brandt").await?;
    let bob = Desk { cli: sandbox.cli("bob")?, name: "Bob Brandt".to_owned() };
    ada.admit(&bob, &["approver", "governance-reviewer", "publisher"])?;
    window.navigate("registry").await?;
    window.answer_dialogs(&registry).await?;
    window.click("[data-testid=attach-folder]").await?;
    window.click("[data-testid=attach-go]").await?;
    window.see("[data-testid=trust]").await?;
    window.navigate("releases").await?;
    window.rest().await?;
    window.close_messages().await?;

    // From here to the review, nobody touches Bob's window.
    ada.submit(&model, RELEASED_AS, "The first one.")?;
    window.read_within(SOON, "[data-testid=toast]", "waits for your review").await?;
    window.read("[data-testid=nav-releases]", "1").await?;
    window.read("[data-testid=candidate-row]", "Ada Albers").await?;
    window.picture("waits").await?;
    window.close_messages().await?;

    window.open_candidate().await?;
    window.approve("The gates hold.").await?;
    window.publish().await?;
    window.close_messages().await?;

    window.navigate("releases").await?;
    ada.submit(&model, RELEASED_AS, "The second one.")?;
    window.read_within(SOON, "[data-testid=candidate-row]", "The second one.").await?;
    window.close_messages().await?;
    window.open_candidate().await?;
    window.read("[data-testid=candidate-comparison]", "1").await?;
    window.picture("compared").await?;
    window.approve("As good as the one before.").await?;
    window.click("[data-testid=publish-open]").await?;
    window.write("[data-testid=publish-name]", RELEASED_AS).await?;
    window.unlock().await?;
    window.click("[data-testid=publish-go]").await?;
    window.see_within(SOON, "[data-testid=in-registry]").await?;
    window.close_messages().await?;

    window.navigate("registry").await?;
    open_version(&window, 2).await?;
    window.click("[data-testid=promote]").await?;
    move_alias(&window, "The week went well.").await?;
    window.read("[data-version='2']", "production").await?;
    window.close_messages().await?;
    window.click("[data-testid=roll-back]").await?;
    move_alias(&window, "Complaints from the south.").await?;
    window.read("[data-version='1']", "production").await?;
    window.close_messages().await?;

    open_version(&window, 2).await?;
    window.click("[data-testid=withdraw-open]").await?;
    window.write("[data-testid=withdraw-reason]", "It was trained on the wrong month.").await?;
    window.choose("[data-testid=withdraw-instead]", "Version 1").await?;
    window.unlock().await?;
    window.write("[data-testid=withdraw-name]", RELEASED_AS).await?;
    window.click("[data-testid=withdraw-go]").await?;
    window.gone("[data-testid=withdraw]").await?;
    window.read("[data-version='2']", "Withdrawn").await?;
    window.rest().await?;
    window.close_messages().await?;
    window.picture("withdrawn").await?;
    window.close().await?;

    // Ada's machine was not told anything; it reads the same directory.
    let shown = ada.cli.ok(["registry", "show"])?;
    let of = |version: u64| {
        let versions = shown["models"][0]["versions"].as_array().into_iter().flatten();
        versions.clone().find(|it| it["version"] == version).with_context(|| format!("no version {version}: {shown}"))
    };
    ensure!(of(1)?["aliases"][0] == "production", "{}", of(1)?);
    ensure!(of(2)?["withdrawn"] == "It was trained on the wrong month." && of(2)?["replacement"] == 1, "{}", of(2)?);
    let moves: Vec<&str> = shown["models"][0]["alias_moves"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it["kind"].as_str())
        .collect();
    ensure!(moves == ["rolled_back", "promoted", "promoted"], "the history is {moves:?}");

    let stranger = sandbox.cli("stranger")?;
    let report = stranger.ok(["registry".as_ref(), "verify".as_ref(), registry.as_os_str()])?;
    ensure!(report["verdict"] == "ok" && report["problems"].as_array().is_some_and(Vec::is_empty), "{report}");
    let version = |at: usize| &report["versions"][at];
    ensure!(version(0)["approvals"][0]["name"] == "Bob Brandt", "{}", version(0));
    ensure!(version(1)["withdrawn"] == true && version(0)["withdrawn"] == false, "{report}");
    Ok(())
}
