//! What a page that was taken over could not do.

use anyhow::ensure;
use proofmark_tests::{Outcome, Sandbox, Window};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn scripts_that_were_slipped_in_do_not_run() -> Outcome {
    let sandbox = Sandbox::new()?;
    let window = Window::open(&sandbox, "ada").await?;
    let script = r#"
        const done = arguments[arguments.length - 1];
        window.__ran = [];
        const inline = document.createElement('script');
        inline.textContent = "window.__ran.push('inline')";
        document.body.append(inline);
        const handler = document.createElement('div');
        handler.innerHTML = "<img src='nowhere' onerror=\"window.__ran.push('handler')\"><svg onload=\"window.__ran.push('svg')\"></svg>";
        document.body.append(handler);
        const data = document.createElement('script');
        data.src = "data:text/javascript,window.__ran.push('data')";
        document.body.append(data);
        try { new Function("window.__ran.push('function')")(); } catch {}
        try { (0, eval)("window.__ran.push('eval')"); } catch {}
        const frame = document.createElement('iframe');
        frame.srcdoc = "<script>parent.__ran.push('frame')<\/script>";
        document.body.append(frame);
        setTimeout(() => { inline.remove(); handler.remove(); data.remove(); frame.remove(); done(window.__ran); }, 1500);
    "#;
    let ran = window.run_async(script, vec![]).await?;
    ensure!(ran.as_array().is_some_and(Vec::is_empty), "these ran: {ran}");
    let forbidden = window.troubles().await?;
    ensure!(forbidden.iter().any(|it| it.starts_with("policy:")), "the policy forbade nothing: {forbidden:?}");
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaves_the_machine() -> Outcome {
    let sandbox = Sandbox::new()?;
    let window = Window::open(&sandbox, "ada").await?;
    let script = r"
        const done = arguments[arguments.length - 1];
        const tries = ['http://127.0.0.1:9/', 'https://example.com/', 'file:///etc/hostname'].map((address) => fetch(address).then(() => 'reached ' + address, () => null));
        Promise.all(tries).then(done);
    ";
    let reached = window.run_async(script, vec![]).await?;
    ensure!(reached.as_array().is_some_and(|all| all.iter().all(Value::is_null)), "{reached}");
    // Links that lead out of the window are not followed inside of it.
    window.run("const link = document.createElement('a'); link.href = 'https://example.com/'; document.body.append(link); link.click(); link.remove();", vec![]).await?;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let place = window.run("return location.protocol + '//' + location.host", vec![]).await?;
    ensure!(place == "tauri://localhost", "the window went to {place}");
    window.troubles().await?;
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_listed_can_be_asked() -> Outcome {
    let sandbox = Sandbox::new()?;
    let window = Window::open(&sandbox, "ada").await?;
    let script = r"
        const [command, payload, done] = arguments;
        window.__TAURI_INTERNALS__.invoke(command, payload).then((ok) => done({ ok }), (error) => done({ error }));
    ";
    let ask = |command: &str, payload: Value| {
        let arguments = vec![Value::from(command), payload];
        window.run_async(script, arguments)
    };
    for (command, payload) in [
        ("rpc", serde_json::json!({ "call": { "command": "format_disk", "request": {} } })),
        ("rpc", serde_json::json!({ "call": { "command": "project_list" } })),
        (
            "rpc",
            serde_json::json!({ "call": { "command": "file_show", "request": { "project": "../..", "path": "/etc/passwd" } } }),
        ),
        ("rpc", serde_json::json!({ "call": 7 })),
    ] {
        let answer = ask(command, payload.clone()).await?;
        ensure!(
            answer["error"]["code"] == "invalid_request" && answer["error"]["message"].is_string(),
            "{payload} answered {answer}"
        );
    }
    for command in [
        "plugin:fs|read_text_file",
        "plugin:shell|execute",
        "plugin:http|fetch",
        "plugin:window|close",
        "plugin:webview|create_webview_window",
        "plugin:event|emit",
        "plugin:dialog|open",
        "plugin:path|resolve_directory",
        "open_engine",
    ] {
        let answer = ask(command, serde_json::json!({})).await?;
        ensure!(answer.get("ok").is_none(), "{command} was answered: {answer}");
    }
    // A path that leads out of its project is refused, however it is spelt.
    let project = window.open_sample().await?;
    for path in ["../../ledger.sqlite", "/etc/passwd", "data/../../../ledger.sqlite", "data/%2e%2e/x"] {
        let answer = ask(
            "rpc",
            serde_json::json!({ "call": { "command": "file_show", "request": { "project": project, "path": path } } }),
        )
        .await?;
        ensure!(answer.get("error").is_some(), "{path} was answered: {answer}");
    }
    window.close().await
}
