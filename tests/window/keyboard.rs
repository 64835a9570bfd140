//! Everything can be reached without a mouse.

use anyhow::ensure;
use proofmark_tests::{Outcome, Sandbox, Window};

/// Keys in WebDriver's private letters.
const ESCAPE: &str = "\u{e00c}";
const ENTER: &str = "\u{e007}";
const TAB: &str = "\u{e004}";

#[tokio::test(flavor = "multi_thread")]
async fn the_palette_the_key_sheet_and_the_screens_open_by_keys() -> Outcome {
    let sandbox = Sandbox::new()?;
    let window = Window::open(&sandbox, "ada").await?;
    window.see("[data-testid=first-run]").await?;
    window.press_with_ctrl("k").await?;
    window.see("[data-testid=palette]").await?;
    window.press("settings").await?;
    window.read("[data-testid=palette-item]", "Settings").await?;
    window.picture("palette").await?;
    window.press(ENTER).await?;
    window.at("/settings").await?;
    window.gone("[data-testid=palette]").await?;
    window.press("?").await?;
    window.see("[data-testid=key-sheet]").await?;
    window.picture("key-sheet").await?;
    window.press(ESCAPE).await?;
    window.gone("[data-testid=key-sheet]").await?;
    window.at("/settings").await?;
    window.press("g").await?;
    window.press("p").await?;
    window.at("/projects").await?;
    window.press("g").await?;
    window.press("o").await?;
    window.at("/overview").await?;
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_walked_filtered_and_opened_by_keys() -> Outcome {
    let sandbox = Sandbox::new()?;
    let window = Window::open(&sandbox, "ada").await?;
    window.open_sample().await?;
    window.close_messages().await?;
    window.press("/").await?;
    window.press("customers").await?;
    window.read("[data-testid=count-files]", "1 of 22").await?;
    window.press(ENTER).await?;
    window.see("[data-testid=file-row]:focus").await?;
    window.press(ENTER).await?;
    window.at("/data/").await?;
    window.press(ESCAPE).await?;
    window.at("/projects/").await?;
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_focus_is_seen_wherever_it_goes() -> Outcome {
    let sandbox = Sandbox::new()?;
    let window = Window::open(&sandbox, "ada").await?;
    window.open_sample().await?;
    window.close_messages().await?;
    let mut places = std::collections::BTreeSet::new();
    for _ in 0..30 {
        window.press(TAB).await?;
        let script = r"
            const it = document.activeElement;
            if (!it || it === document.body) return null;
            const style = getComputedStyle(it);
            const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
            const near = [...(it.parentElement?.children ?? []), it.parentElement].filter(Boolean);
            const box = it.getBoundingClientRect();
            return { name: it.dataset.testid ?? it.getAttribute('aria-label') ?? it.innerText?.slice(0, 30) ?? it.tagName, seen: ring || style.boxShadow !== 'none' || near.some((n) => getComputedStyle(n).boxShadow !== 'none'), inside: box.width > 0 && box.height > 0 };
        ";
        let focus = window.run(script, vec![]).await?;
        if focus.is_null() {
            continue;
        }
        ensure!(focus["seen"] == true, "the focus is on {} and cannot be seen", focus["name"]);
        ensure!(focus["inside"] == true, "the focus is on {}, which has no size", focus["name"]);
        places.insert(focus["name"].to_string());
    }
    ensure!(places.len() >= 12, "the focus goes round between {places:?}");
    window.close().await
}
