//! Two people with homes of their own share a registry: what one does, the other's window learns of by itself.

use anyhow::{Context, ensure};
use proofmark_tests::{Outcome, PASSPHRASE, RELEASED_AS, SAMPLE_MODEL, Sandbox, Window};
use serde_json::json;

/// The button of a version's line that opens it.
fn version(number: u64) -> String {
    format!("[data-testid=version-row][data-version='{number}'] [data-testid=version-open]")
}

async fn confirm(window: &Window, dialog: &str, reason: &str) -> Outcome {
    window.write(&format!("[data-testid={dialog}-name]"), RELEASED_AS).await?;
    window.write(&format!("[data-testid={dialog}-reason]"), reason).await?;
    window.unlock().await?;
    window.click(&format!("[data-testid={dialog}-go]")).await?;
    window.gone(&format!("[data-testid={dialog}]")).await
}

/// Submits, waits until the other one sees it, approves there, and publishes here.
async fn release(ada: &Window, bob: &Window, note: &str) -> Outcome {
    ada.submit(SAMPLE_MODEL, note).await?;
    // Nobody tells Bob but the folder.
    bob.read("[data-testid=nav-releases]", "1").await?;
    bob.open_candidate().await?;
    bob.see("[data-testid=candidate-comparison]").await?;
    bob.picture("candidate").await?;
    bob.approve("The gates hold.").await?;
    bob.close_messages().await?;
    ada.open_candidate().await?;
    ada.read("[data-testid=decision]", "The gates hold.").await?;
    ada.publish().await?;
    ada.close_messages().await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_in_two_homes_release_roll_back_withdraw_and_destroy() -> Outcome {
    let sandbox = Sandbox::new()?;
    let registry = sandbox.root().join("registry");
    let ada = Window::open(&sandbox, "ada").await?;
    ada.open_sample().await?;
    ada.close_messages().await?;
    ada.create_person("Ada Albers").await?;
    ada.begin_registry(&registry, "Retail risk").await?;

    let bob = Window::open(&sandbox, "bob").await?;
    bob.create_person("Bob Brandt").await?;
    bob.navigate("registry").await?;
    bob.answer_dialogs(&registry).await?;
    bob.click("[data-testid=attach-folder]").await?;
    bob.click("[data-testid=attach-go]").await?;
    bob.see("[data-testid=trust]").await?;
    bob.click("[data-testid=registry-menu]").await?;
    bob.click("[data-testid='menu-registry.join']").await?;
    bob.write("[data-testid=join-dialog-text]", "I look after the models.").await?;
    bob.unlock().await?;
    bob.click("[data-testid=join-dialog-go]").await?;
    bob.gone("[data-testid=join-dialog]").await?;

    ada.navigate("registry").await?;
    ada.read("[data-testid=join-request]", "Bob Brandt").await?;
    ada.click("[data-testid=admit-request]").await?;
    ada.click("[data-testid=admit-compared]").await?;
    for role in ["approver", "governance_reviewer"] {
        ada.click(&format!("[data-testid=role-{role}]")).await?;
    }
    ada.unlock().await?;
    ada.click("[data-testid=admit-go]").await?;
    ada.gone("[data-testid=admit-dialog]").await?;

    // Ada asks for a gate of the registry; Bob's window shows it.
    ada.click("[data-testid=policy-change]").await?;
    let gate = "[[gate]]\nname = \"small\"\nrequired = true\nrule = \"model_size\"\nat_most = 100000000\n";
    ada.write("[data-testid=policy-gates]", gate).await?;
    ada.write("[data-testid=policy-dialog-text]", "Nothing large.").await?;
    ada.unlock().await?;
    ada.picture("policy").await?;
    ada.click("[data-testid=policy-dialog-go]").await?;
    ada.gone("[data-testid=policy-dialog]").await?;
    bob.read("[data-testid=policy-gate]", "small").await?;
    ada.close_messages().await?;
    bob.close_messages().await?;

    release(&ada, &bob, "The first one.").await?;
    release(&ada, &bob, "The second one.").await?;
    bob.navigate("registry").await?;
    bob.click(&version(2)).await?;
    bob.click("[data-testid=consume-open]").await?;
    bob.read("[data-testid=consume-text]", "mlflow").await?;
    bob.picture("consume").await?;
    bob.press(thirtyfour::Key::Escape).await?;
    let dossier = sandbox.root().join("dossier.html");
    bob.answer_dialogs(&dossier).await?;
    bob.click("[data-testid=dossier]").await?;
    bob.read("[data-testid=toast]", "Saved").await?;
    ensure!(std::fs::read_to_string(&dossier)?.contains("Retail risk"), "the dossier is empty");
    bob.close_messages().await?;

    // Back to the first one, and the second is taken out of use and destroyed.
    ada.navigate("registry").await?;
    ada.click("[data-testid=roll-back]").await?;
    ada.write("[data-testid=alias-reason]", "The second one is worse.").await?;
    ada.unlock().await?;
    ada.click("[data-testid=alias-go]").await?;
    ada.gone("[data-testid=alias-dialog]").await?;
    ada.click(&version(2)).await?;
    ada.click("[data-testid=withdraw-open]").await?;
    confirm(&ada, "withdraw", "Trained on the wrong month.").await?;
    ada.click("[data-testid=destroy-open]").await?;
    ada.picture("destroy").await?;
    confirm(&ada, "destroy", "The month had to be deleted.").await?;
    let shown = bob.ask("registry_show", json!({})).await?;
    let versions = shown["models"][0]["versions"].as_array().context("versions")?;
    ensure!(versions[0]["destroyed"] == true && versions[1]["aliases"][0] == "production", "{versions:?}");

    // A backup of the key is an encrypted file.
    let backup = sandbox.root().join("ada.key");
    ada.navigate("settings").await?;
    ada.answer_dialogs(&backup).await?;
    ada.click("[data-testid=key-backup]").await?;
    ada.read("[data-testid=toast]", "Saved").await?;
    ensure!(!std::fs::read_to_string(&backup)?.contains(PASSPHRASE), "the passphrase is in the backup");
    ada.close().await?;
    bob.close().await?;

    let stranger = sandbox.cli("stranger")?;
    let report = stranger.ok(["registry".as_ref(), "verify".as_ref(), registry.as_os_str()])?;
    ensure!(report["verdict"] == "ok", "{report}");
    Ok(())
}
