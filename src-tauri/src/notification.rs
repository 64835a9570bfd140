//! Tells a person who looks elsewhere: the desktop's own notification, for what the window shows as a message.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use proofmark_contract::view::Nothing;
use proofmark_contract::{Notice, NoticeTone};
use proofmark_engine::Engine;
use tauri::{AppHandle, Manager};
use tauri_plugin_notification::NotificationExt;

/// A burst of bad files is one interruption; the overview lists them all.
const QUIET: Duration = Duration::from_secs(20);

static LAST: Mutex<Option<Instant>> = Mutex::new(None);

/// Notifies of what failed or needs somebody, unless the window is in front, the person does not want it, or they were told just before.
pub fn tell(app: &AppHandle, engine: &Engine, notice: &Notice, window: &str) {
    if notice.tone == NoticeTone::Pass || in_front(app, window) || !is_due() {
        return;
    }
    let wanted = engine.settings_show(Nothing {}).is_ok_and(|view| view.settings.notifications);
    if !wanted {
        return;
    }
    let shown = app.notification().builder().title("Proofmark").body(&notice.text).show();
    if let Err(trouble) = shown {
        // The message stands in the window and in the overview all the same.
        eprintln!("proofmark: the desktop did not take the notification: {trouble}");
    }
}

fn in_front(app: &AppHandle, window: &str) -> bool {
    app.get_webview_window(window).is_some_and(|it| it.is_focused().unwrap_or(false))
}

fn is_due() -> bool {
    let mut last = LAST.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if last.is_some_and(|before| before.elapsed() < QUIET) {
        return false;
    }
    *last = Some(Instant::now());
    true
}
