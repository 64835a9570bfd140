//! Between the web view and the engine.

use std::path::PathBuf;

use crate::notification;
use proofmark_contract::{Call, EngineEvent, ErrorBody, ErrorCode};
use proofmark_engine::{Caller, Engine, EngineOptions};
use serde::Deserialize;
use serde_json::Value;
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Emitter, Manager, State, WebviewWindow, Wry};
use tauri_plugin_dialog::DialogExt;
use tauri_plugin_window_state::StateFlags;

/// The only window, and the only one that events go to.
const MAIN: &str = "main";

/// The engine, or why it could not be opened: the window then says so instead of not appearing.
pub struct Host(Result<Engine, ErrorBody>);

/// Whether a test driver started us.
pub fn is_driven() -> bool {
    std::env::var_os("TAURI_WEBVIEW_AUTOMATION").is_some() || std::env::var_os("PROOFMARK_DRIVEN").is_some()
}

/// Keeps the window on its own pages: a link or script that leads elsewhere leads nowhere.
pub fn stay_at_home() -> TauriPlugin<Wry> {
    tauri::plugin::Builder::new("stay-at-home")
        .on_navigation(|_, address| {
            let own = address.scheme() == "tauri" || address.host_str() == Some("tauri.localhost");
            own || address.as_str() == "about:blank"
        })
        .build()
}

/// Size and place of the window are kept; whether it was visible is not, because it is shown when it is painted.
pub fn kept_state() -> StateFlags {
    StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED
}

/// Opens the engine, forwards its events to the window and starts watching.
pub fn open_engine(app: &AppHandle) -> Host {
    let engine = Engine::open(EngineOptions::for_window());
    show_in_any_case(app.clone());
    if let Ok(engine) = &engine {
        let forward = app.clone();
        let asked = engine.clone();
        engine.subscribe(Box::new(move |event: &EngineEvent| {
            // The window may be gone already, and then nobody needs to be told.
            let _ = forward.emit_to(MAIN, "engine", event);
            if let EngineEvent::Notice { notice } = event {
                notification::tell(&forward, &asked, notice, MAIN);
            }
        }));
        engine.start_watching();
        pass_folders(app, engine, std::env::args().skip(1).collect(), None);
    }
    Host(engine)
}

/// A page that cannot tell that it is painted must not leave the person without a window.
fn show_in_any_case(app: AppHandle) {
    let later = std::thread::Builder::new().name("proofmark-show".into()).spawn(move || {
        std::thread::sleep(std::time::Duration::from_secs(4));
        if let Some(window) = app.get_webview_window(MAIN)
            && !window.is_visible().unwrap_or(false)
            && let Err(trouble) = window.show()
        {
            eprintln!("proofmark: the window could not be shown: {trouble}");
        }
    });
    if let Err(trouble) = later {
        eprintln!("proofmark: no further thread: {trouble}");
    }
}

/// Closes the ledger properly, so that nothing is left in its write-ahead log.
pub fn close_engine(app: &AppHandle) {
    if let Some(host) = app.try_state::<Host>()
        && let Ok(engine) = &host.0
    {
        engine.close();
    }
}

/// A second launch: shows the first window, and adds the folders that it was given.
pub fn focus_and_pass(app: &AppHandle, arguments: Vec<String>, folder: String) {
    if let Some(window) = app.get_webview_window(MAIN) {
        for shown in [window.unminimize(), window.show(), window.set_focus()] {
            if let Err(trouble) = shown {
                eprintln!("proofmark: the window could not be brought to the front: {trouble}");
            }
        }
    }
    if let Some(host) = app.try_state::<Host>()
        && let Ok(engine) = &host.0
    {
        pass_folders(app, engine, arguments.into_iter().skip(1).collect(), Some(PathBuf::from(folder)));
    }
}

/// Adds each folder named on the command line as a project. What fails is told in the window.
fn pass_folders(app: &AppHandle, engine: &Engine, arguments: Vec<String>, from: Option<PathBuf>) {
    for argument in arguments.into_iter().filter(|argument| !argument.starts_with('-')) {
        let path = from.as_ref().map_or_else(|| PathBuf::from(&argument), |from| from.join(&argument));
        if let Err(trouble) = engine.add_folder(&path) {
            let _ = app.emit_to(MAIN, "trouble", trouble);
        }
    }
}

/// The only command that the window can call with a question. What may be asked is listed in the contract, and whether this
/// caller may ask it is decided in the engine.
///
/// # Errors
/// As the engine answers.
#[tauri::command]
pub async fn rpc(window: WebviewWindow, host: State<'_, Host>, call: Value) -> Result<Value, ErrorBody> {
    let engine = host.0.clone()?;
    let caller = Caller::window(window.label());
    let call: Call = serde_json::from_value(call)
        .map_err(|error| ErrorBody::new(ErrorCode::InvalidRequest, format!("This is not a request: {error}.")))?;
    // Commands read the ledger and tables, which would stall the runtime of the window.
    tauri::async_runtime::spawn_blocking(move || engine.dispatch(&caller, call))
        .await
        .map_err(|error| ErrorBody::new(ErrorCode::Internal, format!("The engine stopped at this request: {error}.")))?
}

/// What a person is asked to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// A folder that is there.
    Folder,
    /// A file that is there.
    File,
    /// A name for a new file.
    Save,
}

/// Opens the system's dialog and returns the path that the person chose, or none.
///
/// The dialog is opened here and not by the page, so the page needs no right to open dialogs. A test driver cannot reach the
/// system's dialogs, so under one the answer comes from `PROOFMARK_PICK`.
#[tauri::command]
pub async fn pick(app: AppHandle, choice: Choice, title: String, suggestion: Option<String>) -> Option<String> {
    if is_driven()
        && let Some(answer) = std::env::var_os("PROOFMARK_PICK")
    {
        return Some(answer.to_string_lossy().into_owned()).filter(|it| !it.is_empty());
    }
    ask(app, choice, title, suggestion).await.map(|path| path.to_string_lossy().into_owned())
}

async fn ask(app: AppHandle, choice: Choice, title: String, suggestion: Option<String>) -> Option<PathBuf> {
    let asked = tauri::async_runtime::spawn_blocking(move || {
        let mut dialog = app.dialog().file().set_title(title);
        if let Some(window) = app.get_webview_window(MAIN) {
            dialog = dialog.set_parent(&window);
        }
        if let Some(suggestion) = suggestion {
            dialog = dialog.set_file_name(suggestion);
        }
        match choice {
            Choice::Folder => dialog.blocking_pick_folder(),
            Choice::File => dialog.blocking_pick_file(),
            Choice::Save => dialog.blocking_save_file(),
        }
    });
    asked.await.ok().flatten().and_then(|path| path.into_path().ok())
}

/// Lets the person choose a place for something that the page made (a table as CSV, a figure) and writes it there. The page never
/// names a path.
///
/// # Errors
/// If the file cannot be written.
#[tauri::command]
pub async fn save_file(app: AppHandle, name: String, contents: Vec<u8>) -> Result<Option<String>, ErrorBody> {
    let chosen = if is_driven() {
        let folder = proofmark_engine::EngineOptions::for_window().home.unwrap_or_else(std::env::temp_dir);
        Some(folder.join(name.replace(['/', '\\'], "-")))
    } else {
        ask(app, Choice::Save, "Save".into(), Some(name)).await
    };
    let Some(path) = chosen else { return Ok(None) };
    std::fs::write(&path, contents).map_err(|error| {
        ErrorBody::new(ErrorCode::Storage, format!("{} could not be written: {error}.", path.display()))
    })?;
    Ok(Some(path.to_string_lossy().into_owned()))
}

/// Shows the window once its first screen is painted, so that nobody sees it empty.
#[tauri::command]
pub fn frontend_ready(window: WebviewWindow) {
    if let Err(trouble) = window.show() {
        eprintln!("proofmark: the window could not be shown: {trouble}");
    }
    if std::env::var_os("PROOFMARK_TIME_START").is_some() {
        eprintln!("proofmark: first paint {}", proofmark_engine::since_process_start_ms());
    }
}
