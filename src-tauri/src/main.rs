//! The window: it shows what the engine computes and forwards what a person asks. Nothing is decided here.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod host;
mod notification;

use std::process::ExitCode;

use tauri::{Manager, RunEvent};

fn main() -> ExitCode {
    let mut builder = tauri::Builder::default();
    // Under a test driver every launch must be a window of its own; a failed session would otherwise swallow all later ones.
    if !host::is_driven() {
        builder = builder.plugin(tauri_plugin_single_instance::init(|app, arguments, folder| {
            host::focus_and_pass(app, arguments, folder);
        }));
    }
    let built = builder
        .plugin(tauri_plugin_window_state::Builder::default().with_state_flags(host::kept_state()).build())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_notification::init())
        .plugin(host::stay_at_home())
        .invoke_handler(tauri::generate_handler![host::rpc, host::pick, host::save_file, host::frontend_ready])
        .setup(|app| {
            let engine = host::open_engine(app.handle());
            app.manage(engine);
            Ok(())
        })
        .build(tauri::generate_context!());
    let app = match built {
        Ok(app) => app,
        Err(trouble) => {
            eprintln!("proofmark: the window could not be opened: {trouble}");
            eprintln!("Where there is no display, use the command line instead: proofmark --help");
            return ExitCode::from(70);
        }
    };
    app.run(|app, event| {
        if let RunEvent::Exit = event {
            host::close_engine(app);
        }
    });
    ExitCode::SUCCESS
}
