//! What people do in the window, step by step: shared by its tests and by the walk.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::{Outcome, PASSPHRASE, Window};

/// Longer than it takes to look through the sample project, unoptimised on a busy machine.
const LONG: Duration = Duration::from_secs(120);

/// The name that the sample's model is released under in tests.
pub const RELEASED_AS: &str = "kestrel-credit";

impl Window {
    /// Opens the sample project from the first screen and waits until all of it was looked at. Answers the project.
    ///
    /// # Errors
    /// If it does not appear.
    pub async fn open_sample(&self) -> Outcome<String> {
        self.click("[data-testid=open-sample]").await?;
        let address = self.at("/projects/").await?;
        let project = address
            .split('/')
            .nth(2)
            .and_then(|it| it.split('?').next())
            .context("no project in the address")?
            .to_owned();
        self.all_looked_at(&project).await?;
        Ok(project)
    }

    /// Waits until every data set of a project was looked at, and no work is left.
    ///
    /// # Errors
    /// If that does not come about.
    pub async fn all_looked_at(&self, project: &str) -> Outcome {
        crate::eventually(LONG, "a look at all data", || async {
            let status = self.ask("status", json!({})).await?;
            ensure!(status["jobs"].as_array().is_some_and(Vec::is_empty), "at work: {}", status["jobs"]);
            let list = self.ask("dataset_list", json!({ "project": project })).await?;
            let sets = list["datasets"].as_array().map_or(&[][..], Vec::as_slice);
            let open: Vec<&Value> = sets
                .iter()
                .filter(|it| it["state"] == "waiting" || it["state"] == "running")
                .map(|it| &it["path"])
                .collect();
            ensure!(!sets.is_empty() && open.is_empty(), "still to look at: {open:?}");
            Ok(())
        })
        .await?;
        self.rest().await
    }

    /// Opens the row of a list that contains these words, as a double click does.
    ///
    /// # Errors
    /// If there is no such row.
    pub async fn open_row(&self, rows: &str, words: &str) -> Outcome {
        let script = r"
            const [css, words] = arguments;
            const row = [...document.querySelectorAll(css)].find((it) => it.innerText.replace(/\s+/g, '').includes(words.replace(/\s+/g, '')));
            if (!row) return false;
            row.focus();
            return document.activeElement === row;
        ";
        let selector = format!("[data-testid={rows}]");
        crate::eventually(crate::PATIENCE, format!("the row {words:?} of {rows}"), || async {
            let found = self.run(script, vec![json!(selector), json!(words)]).await?;
            ensure!(found == true, "it is not there");
            self.press_on(rows, thirtyfour::Key::Enter).await
        })
        .await
        .context(self.what_is_shown().await)
    }

    /// Closes the messages in the corner, which cover what lies under them.
    ///
    /// # Errors
    /// If the page does not answer.
    pub async fn close_messages(&self) -> Outcome {
        self.run("document.querySelectorAll('[data-testid=toast-close]').forEach((it) => it.click())", vec![]).await?;
        self.gone("[data-testid=toast]").await
    }

    /// Makes a key for a person, who acts from then on.
    ///
    /// # Errors
    /// If the window refuses.
    pub async fn create_person(&self, name: &str) -> Outcome {
        self.navigate("settings").await?;
        self.click("[data-testid=create-key]").await?;
        self.write("[data-testid=person-name]", name).await?;
        self.write("[data-testid=passphrase]", PASSPHRASE).await?;
        self.write("[data-testid=passphrase-again]", PASSPHRASE).await?;
        self.click("[data-testid=create-key-go]").await?;
        self.gone("[data-testid=create-key-dialog]").await?;
        self.read("[data-testid=me]", name).await.map(|_| ())
    }

    /// Lets another person of this machine act.
    ///
    /// # Errors
    /// If there is no such person.
    pub async fn act_as(&self, name: &str) -> Outcome {
        self.navigate("settings").await?;
        self.read("[data-testid=person-row]", name).await?;
        let script = r"
            const row = [...document.querySelectorAll('[data-testid=person-row]')].find((it) => it.innerText.includes(arguments[0]));
            row?.querySelector('[data-testid=person-select]')?.click();
        ";
        self.run(script, vec![json!(name)]).await?;
        self.read("[data-testid=me]", name).await.map(|_| ())
    }

    /// Types the passphrase of the person who acts, where it is asked for.
    ///
    /// # Errors
    /// If it is not asked for.
    pub async fn unlock(&self) -> Outcome {
        self.write("[data-testid=passphrase]", PASSPHRASE).await
    }

    /// Begins a registry in a folder.
    ///
    /// # Errors
    /// If the window refuses.
    pub async fn begin_registry(&self, folder: &Path, name: &str) -> Outcome {
        self.navigate("registry").await?;
        self.answer_dialogs(folder).await?;
        self.click("[data-testid=create-folder]").await?;
        let chosen = "return document.querySelector('[data-testid=create-folder-path]')?.value";
        crate::eventually(crate::PATIENCE, "the chosen folder", || async {
            let shown = self.run(chosen, vec![]).await?;
            ensure!(shown == folder.to_string_lossy().as_ref(), "it says {shown}");
            Ok(())
        })
        .await?;
        self.write("[data-testid=create-name]", name).await?;
        self.unlock().await?;
        self.click("[data-testid=create-go]").await?;
        self.see_within(LONG, "[data-testid=trust]").await.map(|_| ())
    }

    /// Admits somebody whose key is on this machine.
    ///
    /// # Errors
    /// If the window refuses.
    pub async fn admit(&self, name: &str, roles: &[&str]) -> Outcome {
        self.navigate("registry").await?;
        self.click("[data-testid=admit]").await?;
        self.choose("[data-testid=admit-local]", name).await?;
        for role in roles {
            self.click(&format!("[data-testid=role-{role}]")).await?;
        }
        self.unlock().await?;
        self.click("[data-testid=admit-go]").await?;
        self.gone("[data-testid=admit-dialog]").await?;
        self.read("[data-testid=registry-person]", name).await.map(|_| ())
    }

    /// Opens the page of a model from the list of models.
    ///
    /// # Errors
    /// If there is no such model.
    pub async fn open_model(&self, path: &str) -> Outcome {
        self.navigate("models").await?;
        self.open_row("model-row", path).await?;
        self.at("/models/").await?;
        self.see("[data-testid=model-what]").await.map(|_| ())
    }

    /// Submits a model for release.
    ///
    /// # Errors
    /// If the window refuses.
    pub async fn submit(&self, path: &str, note: &str) -> Outcome {
        self.open_model(path).await?;
        self.click("[data-testid=submit-release]").await?;
        self.at("/releases/new").await?;
        self.see("[data-testid=gate]").await?;
        self.write("[data-testid=model-name]", RELEASED_AS).await?;
        self.write(
            "[data-testid=purpose]",
            "Says who may miss the next instalment, so that they are offered another plan in time.",
        )
        .await?;
        self.write("[data-testid=limits]", "Not for refusing a first loan.").await?;
        self.write("[data-testid=note]", note).await?;
        self.unlock().await?;
        self.picture_if_wanted("submission").await?;
        self.click("[data-testid=submit]").await?;
        crate::eventually(LONG, "the submission", || async {
            let address = self.run("return location.hash.slice(1)", vec![]).await?;
            ensure!(address == "/releases", "the window is at {address}");
            Ok(())
        })
        .await
        .context(self.what_is_shown().await)
    }

    /// Opens the newest candidate of the released model.
    ///
    /// # Errors
    /// If there is none.
    pub async fn open_candidate(&self) -> Outcome {
        self.navigate("releases").await?;
        self.open_row("candidate-row", RELEASED_AS).await?;
        self.see("[data-testid=candidate-gates]").await.map(|_| ())
    }

    /// Approves the candidate on the screen.
    ///
    /// # Errors
    /// If the window refuses.
    pub async fn approve(&self, reason: &str) -> Outcome {
        self.click("[data-testid=approve]").await?;
        self.write("[data-testid=decide-reason]", reason).await?;
        self.unlock().await?;
        self.picture_if_wanted("approval").await?;
        self.click("[data-testid=decide-go]").await?;
        self.gone("[data-testid=approve-dialog]").await?;
        self.read("[data-testid=decision]", reason).await.map(|_| ())
    }

    /// Publishes the candidate on the screen, with the alias `production`.
    ///
    /// # Errors
    /// If the window refuses.
    pub async fn publish(&self) -> Outcome {
        self.click("[data-testid=publish-open]").await?;
        self.write("[data-testid=publish-name]", RELEASED_AS).await?;
        self.click("[data-testid=publish-production]").await?;
        self.unlock().await?;
        self.picture_if_wanted("publication").await?;
        self.click("[data-testid=publish-go]").await?;
        self.see_within(LONG, "[data-testid=in-registry]").await.map(|_| ())
    }

    /// Begins a comparison of the data set on the screen with another one, and opens its report.
    ///
    /// # Errors
    /// If the window refuses.
    pub async fn compare_with(&self, reference: &str) -> Outcome {
        self.click("[data-testid=compare]").await?;
        self.choose("[data-testid=compare-reference]", reference).await?;
        self.click("[data-testid=compare-begin]").await?;
        self.gone("[data-testid=compare-dialog]").await?;
        let done = crate::eventually(LONG, "the comparison", || async {
            let list = self.ask("drift_list", json!({})).await?;
            let report = list["reports"].as_array().and_then(|it| it.first()).context("there is no report")?;
            ensure!(report["reference"] == reference, "it compares with {}", report["reference"]);
            Ok(report["report"].as_str().unwrap_or_default().to_owned())
        });
        let report = done.await?;
        self.go(&format!("/drift/{report}")).await?;
        self.see("[data-testid=drift-columns]").await.map(|_| ())
    }
}
