//! `proofmark-walk`: opens the real window on a new home and walks the sample project through the whole line, taking pictures.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use proofmark_tests::{Outcome, RELEASED_AS, SAMPLE_MODEL, Sandbox, Theme, Window, screenshots};

#[tokio::main]
async fn main() -> ExitCode {
    let Some(folder) = screenshots() else {
        eprintln!("PROOFMARK_SCREENSHOTS must name a folder for the pictures.");
        return ExitCode::from(2);
    };
    match walk(&folder).await {
        Ok(taken) => {
            println!("\n{taken} pictures are in {}", folder.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\nThe walk did not get through: {error:#}\nIts pictures are in {}", folder.display());
            ExitCode::FAILURE
        }
    }
}

/// Says what is done, does it, and takes a picture. A step that fails is told, pictured too, and does not end the walk.
macro_rules! step {
    ($window:ident, $failed:ident, $what:literal, $picture:literal, $work:block) => {{
        println!("- {}", $what);
        let work: Outcome = async { $work }.await;
        if let Err(error) = work {
            println!("  FAILED: {error:#}");
            $failed.push($what);
        } else if let Err(error) = $window.close_messages().await {
            println!("  FAILED: {error:#}");
            $failed.push($what);
        }
        $window.picture($picture).await.context($what)?;
    }};
}

async fn walk(folder: &Path) -> Outcome<usize> {
    clear(folder)?;
    let mut failed: Vec<&str> = Vec::new();
    let sandbox = Sandbox::new()?;
    let registry = sandbox.root().join("registry");
    let window = Window::open(&sandbox, "home").await.context("opening the window")?.with_numbered_pictures();
    window.paint(Theme::Light).await?;
    step!(window, failed, "The first run", "first-run", {
        window.see("[data-testid=first-run]").await?;
        Ok(())
    });
    println!("- The sample project is opened, and all of it is looked at");
    let project = window.open_sample().await.context("opening the sample project")?;
    window.close_messages().await?;
    step!(window, failed, "Files of the project", "files", {
        window.read("[data-testid=file-row]", "customers.csv").await?;
        Ok(())
    });
    step!(window, failed, "Overview: what needs somebody", "overview", {
        window.navigate("overview").await?;
        window.see("[data-testid=attention-item]").await?;
        Ok(())
    });
    step!(window, failed, "Runs of the project", "runs", {
        window.go(&format!("/projects/{project}/runs")).await?;
        window.read("[data-testid=run-row]", "train").await?;
        Ok(())
    });
    step!(window, failed, "One run", "run", {
        window.open_row("run-row", "train").await?;
        window.see("[data-testid=run-inputs]").await?;
        Ok(())
    });
    step!(window, failed, "The model", "model", { window.open_model(SAMPLE_MODEL).await });
    step!(window, failed, "Its lineage", "lineage", {
        window.click("[data-testid=model-lineage]").await?;
        window.see("[data-testid=lineage-node]").await?;
        Ok(())
    });
    step!(window, failed, "One thing of the lineage", "lineage-selected", {
        window.click_in_drawing("[data-testid=lineage-node][data-kind=run]").await?;
        window.see("[data-testid=inspector]").await?;
        Ok(())
    });
    step!(window, failed, "The lineage as a list", "lineage-list", {
        window.click("[data-testid=lineage-list]").await?;
        window.see("[data-testid=lineage-edge-row]").await?;
        Ok(())
    });
    step!(window, failed, "All data sets", "data", {
        window.navigate("data").await?;
        window.read("[data-testid=dataset-row]", "customers.csv").await?;
        Ok(())
    });
    step!(window, failed, "A data set with its columns", "data-set", {
        window.open_row("dataset-row", "transactions_2026-10.csv").await?;
        window.click("[data-testid=tab-columns]").await?;
        window.see("[data-testid=column-row]").await?;
        Ok(())
    });
    step!(window, failed, "What is wrong with it", "findings", {
        window.click("[data-testid=tab-findings]").await?;
        window.see("[data-testid=finding]").await?;
        Ok(())
    });
    step!(window, failed, "Sensitive columns of another one", "sensitive", {
        window.go(&format!("/data/{project}/data/raw/customers.csv")).await?;
        window.click("[data-testid=tab-sensitive]").await?;
        window.read("[data-testid=sensitive-row]", "email").await?;
        Ok(())
    });
    step!(window, failed, "A comparison of October with the training data", "drift", {
        window.go(&format!("/data/{project}/data/production/features_2026-10.parquet")).await?;
        window.compare_with("data/processed/train.parquet").await?;
        window.see("[data-testid=figure] svg").await?;
        Ok(())
    });
    step!(window, failed, "Monitoring", "monitoring", {
        window.navigate("monitoring").await?;
        window.see("[data-testid=monitor-row]").await?;
        Ok(())
    });
    step!(window, failed, "Two people make their keys", "people", {
        window.create_person("Bob Brandt").await?;
        window.create_person("Ada Albers").await
    });
    step!(window, failed, "Ada begins a registry", "registry-new", {
        window.begin_registry(&registry, "Retail risk").await
    });
    step!(window, failed, "Ada admits Bob", "admitted", {
        window.admit("Bob Brandt", &["approver", "governance_reviewer"]).await
    });
    step!(window, failed, "Ada submits the model", "submitted", {
        window.submit(SAMPLE_MODEL, "The first one.").await
    });
    step!(window, failed, "Bob looks at the candidate", "candidate", {
        window.act_as("Bob Brandt").await?;
        window.open_candidate().await
    });
    step!(window, failed, "Bob approves it", "approved", {
        window.approve("The gates hold, and the holdout is recent.").await
    });
    step!(window, failed, "Ada publishes it", "published", {
        window.act_as("Ada Albers").await?;
        window.open_candidate().await?;
        window.publish().await
    });
    step!(window, failed, "The registry is verified", "registry-verified", {
        window.navigate("registry").await?;
        window.read("[data-testid=registry-model]", RELEASED_AS).await?;
        window.click("[data-testid=verify]").await?;
        window.see("[data-testid=verification]").await?;
        window.rest().await?;
        window.click("[data-testid=version-open]").await?;
        window.see("[data-testid=version-proof]").await?;
        Ok(())
    });
    step!(window, failed, "Where sensitive data went", "governance", {
        window.navigate("governance").await?;
        window.see("[data-testid=matrix-row]").await?;
        Ok(())
    });
    step!(window, failed, "Who did what", "audit", {
        window.go("/governance/audit").await?;
        window.see("[data-testid=audit-row]").await?;
        window.click("[data-testid=audit-verify]").await?;
        window.see("[data-testid=audit-verdict]").await?;
        Ok(())
    });
    step!(window, failed, "Settings", "settings", {
        window.navigate("settings").await?;
        window.see("[data-testid=people]").await?;
        Ok(())
    });
    step!(window, failed, "Everything again after dark: overview", "dark-overview", {
        window.paint(Theme::Dark).await?;
        window.navigate("overview").await?;
        window.see("[data-testid=model-line]").await?;
        Ok(())
    });
    step!(window, failed, "After dark: lineage", "dark-lineage", {
        window.open_model(SAMPLE_MODEL).await?;
        window.click("[data-testid=model-lineage]").await?;
        window.see("[data-testid=lineage-node]").await?;
        Ok(())
    });
    step!(window, failed, "After dark: findings", "dark-findings", {
        window.go(&format!("/data/{project}/data/production/transactions_2026-10.csv")).await?;
        window.click("[data-testid=tab-findings]").await?;
        window.see("[data-testid=finding]").await?;
        Ok(())
    });
    step!(window, failed, "After dark: the comparison", "dark-drift", {
        window.go("/drift").await?;
        window.open_row("drift-row", "train.parquet").await?;
        window.see("[data-testid=figure] svg").await?;
        Ok(())
    });
    step!(window, failed, "After dark: the registry", "dark-registry", {
        window.navigate("registry").await?;
        window.see("[data-testid=registry-model]").await?;
        Ok(())
    });
    step!(window, failed, "After dark: the palette", "dark-palette", {
        window.press_with_ctrl("k").await?;
        window.see("[data-testid=palette]").await?;
        Ok(())
    });
    let taken = window.pictures_taken();
    window.close().await.context("closing the window")?;
    println!("- The command line verifies what the window published");
    let stranger = sandbox.cli("stranger")?;
    let report = stranger.ok(["registry".as_ref(), "verify".as_ref(), registry.as_os_str()])?;
    ensure!(report["verdict"] == "ok", "the registry does not verify: {report}");
    ensure!(failed.is_empty(), "{} of its steps failed: {}", failed.len(), failed.join("; "));
    Ok(taken)
}

/// Takes the pictures of an earlier walk away, and nothing else.
fn clear(folder: &Path) -> Outcome {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "png") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
