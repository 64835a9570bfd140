//! What axe finds on every screen, in both themes: nothing serious.

use std::fs;

use anyhow::{Context, ensure};
use proofmark_tests::{Outcome, SAMPLE_MODEL, Sandbox, Theme, Window, repository};
use serde_json::{Value, json};

/// Runs axe over the page, and answers what is serious.
async fn violations(window: &Window) -> Outcome<Vec<String>> {
    let script = r"
        const done = arguments[arguments.length - 1];
        axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then(
            (found) => done(found.violations.filter((it) => it.impact === 'serious' || it.impact === 'critical').map((it) => it.id + ': ' + it.help + '\n' + it.nodes.slice(0, 4).map((node) => '    ' + node.html.slice(0, 200) + '\n    ' + (node.any[0] ?? node.all[0] ?? node.none[0])?.message).join('\n'))),
            (error) => done(['axe failed: ' + error]),
        );
    ";
    let found = window.run_async(script, vec![]).await?;
    Ok(serde_json::from_value(found)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_screen_keeps_anybody_out() -> Outcome {
    let sandbox = Sandbox::new()?;
    let window = Window::open(&sandbox, "ada").await?;
    let axe = repository().join("ui/node_modules/axe-core/axe.min.js");
    let axe = fs::read_to_string(&axe).with_context(|| format!("{} is missing: run `npm ci` in ui", axe.display()))?;
    window.run(&axe, vec![]).await?;
    ensure!(window.run("return typeof axe.run", vec![]).await? == "function", "axe was not taken in");
    let mut broken = Vec::new();
    let note = |broken: &mut Vec<String>, screen: &str, theme: Theme, found: Vec<String>| {
        broken.extend(found.into_iter().map(|it| format!("{screen}, {theme}: {it}")));
    };
    for theme in [Theme::Light, Theme::Dark] {
        window.paint(theme).await?;
        window.rest().await?;
        note(&mut broken, "first run", theme, violations(&window).await?);
    }
    let project = window.open_sample().await?;
    window.close_messages().await?;
    window.create_person("Ada Albers").await?;
    window.begin_registry(&sandbox.root().join("registry"), "Retail risk").await?;
    window.close_messages().await?;
    let run = window.ask("run_list", json!({ "project": project })).await?["runs"][0]["id"].clone();
    let run = run.as_str().context("no run")?;
    let screens = [
        "/overview".to_owned(),
        "/projects".into(),
        format!("/projects/{project}/files"),
        format!("/projects/{project}/runs"),
        format!("/projects/{project}/lineage"),
        format!("/projects/{project}/settings"),
        "/data".into(),
        format!("/data/{project}/data/raw/customers.csv"),
        format!("/data/{project}/data/production/transactions_2026-10.csv"),
        "/runs".into(),
        format!("/runs/{run}"),
        "/models".into(),
        format!("/models/{project}/{SAMPLE_MODEL}"),
        "/monitoring".into(),
        "/drift".into(),
        "/releases".into(),
        format!("/releases/new?project={project}&path=models%2Fcredit_model.joblib"),
        "/registry".into(),
        "/governance".into(),
        "/governance/audit".into(),
        "/settings".into(),
    ];
    for theme in [Theme::Light, Theme::Dark] {
        window.paint(theme).await?;
        for screen in &screens {
            window.go(screen).await?;
            window.rest().await?;
            ensure!(window.count("[data-testid=not-found]").await? == 0, "{screen} does not exist");
            note(&mut broken, screen, theme, violations(&window).await?);
        }
    }
    ensure!(broken.is_empty(), "axe found {}:\n{}", broken.len(), broken.join("\n"));
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_cut_off_in_a_small_window_or_at_twice_the_size() -> Outcome {
    let sandbox = Sandbox::new()?;
    let window = Window::open(&sandbox, "ada").await?;
    let project = window.open_sample().await?;
    window.close_messages().await?;
    // 1280 pixels at twice the size leave 640.
    let script = r"
        document.documentElement.style.zoom = '2';
        const main = document.querySelector('main');
        const wide = document.documentElement.scrollWidth > document.documentElement.clientWidth + 1;
        const hidden = main.getBoundingClientRect().width < 100;
        document.documentElement.style.zoom = '';
        return { wide, hidden };
    ";
    for screen in ["/overview".to_owned(), format!("/projects/{project}/files"), "/data".into(), "/settings".into()] {
        window.go(&screen).await?;
        window.rest().await?;
        let found: Value = window.run(script, vec![]).await?;
        ensure!(found["wide"] == false && found["hidden"] == false, "{screen} at twice the size: {found}");
    }
    window.close().await
}
