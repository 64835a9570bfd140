//! A model is released in the window by two people, and the command line verifies what the window published.

use anyhow::ensure;
use proofmark_tests::{Outcome, RELEASED_AS, SAMPLE_MODEL, Sandbox, Window};

#[tokio::test(flavor = "multi_thread")]
async fn two_people_release_a_model_and_the_command_line_verifies_it() -> Outcome {
    let sandbox = Sandbox::new()?;
    let registry = sandbox.root().join("registry");
    let window = Window::open(&sandbox, "desk").await?;
    window.open_sample().await?;
    window.close_messages().await?;
    window.create_person("Bob Brandt").await?;
    window.create_person("Ada Albers").await?;
    window.begin_registry(&registry, "Retail risk").await?;
    window.admit("Bob Brandt", &["approver", "governance_reviewer"]).await?;
    window.submit(SAMPLE_MODEL, "The first one.").await?;

    // Its author may not approve it, and the button says why.
    window.open_candidate().await?;
    let blocked = window.see("[data-testid=approve]").await?.attr("aria-disabled").await?;
    ensure!(blocked.as_deref() == Some("true"), "the author may approve their own work");
    let blocked = window.see("[data-testid=publish-open]").await?.attr("aria-disabled").await?;
    ensure!(blocked.as_deref() == Some("true"), "it can be published without an approval");

    window.act_as("Bob Brandt").await?;
    window.read("[data-testid=nav-releases]", "1").await?;
    window.open_candidate().await?;
    window.approve("The gates hold.").await?;
    window.act_as("Ada Albers").await?;
    window.open_candidate().await?;
    window.publish().await?;
    window.navigate("registry").await?;
    window.read("[data-testid=registry-model]", RELEASED_AS).await?;
    window.read("[data-testid=alias-chip]", "production").await?;
    window.click("[data-testid=verify]").await?;
    window.see("[data-testid=verification]").await?;
    window.rest().await?;
    window.close_messages().await?;
    window.picture("registry").await?;
    window.close().await?;

    let stranger = sandbox.cli("stranger")?;
    let report = stranger.ok(["registry".as_ref(), "verify".as_ref(), registry.as_os_str()])?;
    ensure!(report["verdict"] == "ok", "{report}");
    let version = &report["versions"][0];
    ensure!(
        version["model"] == RELEASED_AS && version["version"] == 1 && version["aliases"][0] == "production",
        "{version}"
    );
    Ok(())
}
