//! The real window, driven as a person drives it.

#![allow(missing_docs, reason = "tests are described by their names")]

use proofmark_tests::{Outcome, Sandbox, Window};

#[tokio::test(flavor = "multi_thread")]
async fn first_run() -> Outcome {
    let sandbox = Sandbox::new()?;
    let window = Window::open(&sandbox, "ada").await?;
    window.see("[data-testid=first-run]").await?;
    window.rest().await?;
    println!("rested");
    window.picture("first-run").await?;
    println!("pictured");
    window.click("[data-testid=open-sample]").await?;
    println!("clicked");
    window.at("/projects/").await?;
    println!("at");
    for _ in 0..20 {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        println!("{:?}", window.run("return [document.visibilityState, [...document.querySelectorAll('[aria-busy=true], .bone, [data-testid=job]')].map((it) => it.className)]", vec![]).await?);
    }
    window.picture("sample").await?;
    println!("{}", window.what_is_shown().await);
    window.close().await
}
