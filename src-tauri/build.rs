//! Names the commands of the window, so that the access list covers our own commands too.

fn main() {
    let commands = tauri_build::AppManifest::new().commands(&["rpc", "pick", "save_file", "frontend_ready"]);
    let attributes = tauri_build::Attributes::new().app_manifest(commands);
    if let Err(trouble) = tauri_build::try_build(attributes) {
        println!("cargo::error={trouble:#}");
    }
}
