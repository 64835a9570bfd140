//! The real window, driven through WebDriver as a person drives it: by what is on the screen.

use std::fmt;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use thirtyfour::{By, Capabilities, Key, WebDriver, WebElement};

use crate::{Outcome, OwnedChild, PATIENCE, Sandbox, eventually, place};

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Dark ink on light ground.
    Light,
    /// The other way round.
    Dark,
}

impl fmt::Display for Theme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Light => "light",
            Self::Dark => "dark",
        })
    }
}

/// What a page says about itself behind the scenes: errors that nobody caught, and what its security policy had to forbid.
const LISTEN: &str = r"
    if (window.__troubles) return;
    window.__troubles = [];
    addEventListener('error', (event) => window.__troubles.push('error: ' + event.message));
    addEventListener('unhandledrejection', (event) => window.__troubles.push('rejection: ' + (event.reason?.message ?? JSON.stringify(event.reason))));
    document.addEventListener('securitypolicyviolation', (event) => window.__troubles.push('policy: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample));
";

/// Answers the system's own dialogs, which no driver can reach, at the border of the page: the application itself has no door
/// for tests.
const ANSWER_DIALOGS: &str = r"
    window.__picked = arguments[0];
    if (window.__dialogs) return;
    window.__dialogs = true;
    const real = window.fetch;
    window.fetch = (input, init) => {
        const address = decodeURIComponent(typeof input === 'string' ? input : (input.url ?? String(input)));
        if (!/localhost\/pick$/.test(address)) return real.call(window, input, init);
        const body = JSON.stringify(window.__picked);
        return Promise.resolve(new Response(body, { headers: { 'Tauri-Response': 'ok', 'content-type': 'application/json' } }));
    };
";

/// An open window with a home of its own. It ends with the test, however the test ends.
pub struct Window {
    // In this order: the session ends before its driver does.
    driver: WebDriver,
    _server: OwnedChild,
    home: PathBuf,
    pictures: Option<PathBuf>,
    taken: AtomicUsize,
    numbered: bool,
}

/// Pictures that are taken until two in a row are the same; a page with something that turns never stands still.
const MOST_PICTURES: usize = 8;

impl Window {
    /// Opens the window of a person whose ledger lies in the home of this name.
    ///
    /// # Errors
    /// If the window, its driver or a display is missing, or if it does not come up in time.
    pub async fn open(sandbox: &Sandbox, home: &str) -> Outcome<Self> {
        Self::open_with(sandbox, home, &[]).await
    }

    /// The same with arguments on its command line.
    ///
    /// # Errors
    /// As [`Window::open`].
    pub async fn open_with(sandbox: &Sandbox, home: &str, arguments: &[&str]) -> Outcome<Self> {
        if cfg!(target_os = "linux") && std::env::var_os("DISPLAY").is_none_or(|it| it.is_empty()) {
            bail!("there is no display to open a window on: run `cargo xtask test`, which brings one of its own");
        }
        let application = place::program("PROOFMARK_WINDOW", "proofmark-desktop")?;
        let home = sandbox.folder(&format!("homes/{home}"))?;
        let user = sandbox.folder("user")?;
        let log = fs::File::options().create(true).append(true).open(sandbox.root().join("window.log"))?;
        let (port, native) = (free_port()?, free_port()?);
        let mut command = Command::new(place::driver()?);
        command.env_clear().envs(place::passed_on()).env("HOME", &user).env("LANG", "C.UTF-8").env("TZ", "UTC");
        command.env("PROOFMARK_HOME", &home).env("PROOFMARK_DRIVEN", "1");
        command.arg("--port").arg(port.to_string()).arg("--native-port").arg(native.to_string());
        if let Some(driver) = place::on_path("WebKitWebDriver") {
            command.arg("--native-driver").arg(driver);
        }
        // Nothing but the window itself is asked on this machine, whatever proxy is set for the rest of the world.
        command.env("NO_PROXY", "127.0.0.1,localhost").stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut server = OwnedChild::start(&mut command, true)?;
        let address = format!("http://127.0.0.1:{port}");
        // No `browserName`: the driver of WebKitGTK refuses every one.
        let mut wishes = serde_json::Map::new();
        wishes.insert("tauri:options".into(), json!({ "application": application, "args": arguments }));
        let driver = {
            let mut last = None;
            let mut found = None;
            for _ in 0..40 {
                if let Some(ended) = server.ended()? {
                    bail!("the driver ended at once with {ended}.\n{}", tail(&sandbox.root().join("window.log")));
                }
                let built = WebDriver::builder(address.clone(), Capabilities::from(wishes.clone()))
                    .request_timeout(Duration::from_secs(120))
                    .await;
                match built {
                    Ok(driver) => {
                        found = Some(driver);
                        break;
                    }
                    Err(error) => last = Some(error),
                }
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            match (found, last) {
                (Some(driver), _) => driver,
                (None, error) => bail!(
                    "no session with the window came about: {error:?}\n{}",
                    tail(&sandbox.root().join("window.log"))
                ),
            }
        };
        let window = Self {
            driver,
            _server: server,
            home,
            pictures: place::screenshots(),
            taken: AtomicUsize::new(0),
            numbered: false,
        };
        window.driver.set_script_timeout(Duration::from_secs(60)).await?;
        window.see("main").await.context("the first screen")?;
        window.run(LISTEN, vec![]).await?;
        Ok(window)
    }

    /// Pictures get a number in front, in the order in which they are taken, and those inside of steps are taken too.
    #[must_use]
    pub fn with_numbered_pictures(mut self) -> Self {
        self.numbered = true;
        self
    }

    /// Where its ledger lies.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Ends it in good order.
    ///
    /// # Errors
    /// If the page had troubles that nobody saw, or if the window does not end.
    pub async fn close(self) -> Outcome {
        let troubles = self.troubles().await?;
        self.driver.clone().quit().await.context("closing the window")?;
        ensure!(troubles.is_empty(), "the page had troubles behind the scenes:\n{}", troubles.join("\n"));
        Ok(())
    }

    /// Errors that nobody caught and what the security policy forbade, since the window was opened.
    ///
    /// # Errors
    /// If the page does not answer.
    pub async fn troubles(&self) -> Outcome<Vec<String>> {
        let list = self.run("const all = window.__troubles ?? []; window.__troubles = []; return all;", vec![]).await?;
        Ok(serde_json::from_value(list)?)
    }

    /// Runs a script in the page.
    ///
    /// # Errors
    /// If it throws.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Outcome<Value> {
        Ok(self.driver.execute(script, arguments).await?.json().clone())
    }

    /// Runs a script whose last argument is a function to call with the answer.
    ///
    /// # Errors
    /// If it throws or never answers.
    pub async fn run_async(&self, script: &str, arguments: Vec<Value>) -> Outcome<Value> {
        Ok(self.driver.execute_async(script, arguments).await?.json().clone())
    }

    /// Waits until an element is shown.
    ///
    /// # Errors
    /// If none is in time.
    pub async fn see(&self, css: &str) -> Outcome<WebElement> {
        self.see_within(PATIENCE, css).await
    }

    /// The same with another patience.
    ///
    /// # Errors
    /// If none is in time.
    pub async fn see_within(&self, patience: Duration, css: &str) -> Outcome<WebElement> {
        let found = eventually(patience, css, || async {
            for element in self.driver.find_all(By::Css(css)).await? {
                if element.is_displayed().await? {
                    return Ok(element);
                }
            }
            bail!("it is not on the screen")
        });
        match found.await {
            Ok(element) => Ok(element),
            Err(error) => Err(error.context(self.what_is_shown().await)),
        }
    }

    /// Waits until the text of an element holds `words`, and answers the text.
    ///
    /// # Errors
    /// If it does not in time.
    pub async fn read(&self, css: &str, words: &str) -> Outcome<String> {
        self.read_within(PATIENCE, css, words).await
    }

    /// The same with another patience.
    ///
    /// # Errors
    /// If it does not in time.
    pub async fn read_within(&self, patience: Duration, css: &str, words: &str) -> Outcome<String> {
        let script = "return [...document.querySelectorAll(arguments[0])].filter((it) => it.getClientRects().length > 0).map((it) => it.innerText)";
        let found = eventually(patience, format!("{words:?} in {css}"), || async {
            let texts: Vec<String> = serde_json::from_value(self.run(script, vec![json!(css)]).await?)?;
            // A long path is broken into parts that are cut in the middle; its letters are what counts.
            match texts.iter().find(|text| squeezed(text).contains(&squeezed(words))) {
                Some(text) => Ok(text.clone()),
                None => bail!(
                    "it says {:?}",
                    texts.iter().map(|it| it.chars().take(200).collect::<String>()).collect::<Vec<_>>()
                ),
            }
        });
        match found.await {
            Ok(text) => Ok(text),
            Err(error) => Err(error.context(self.what_is_shown().await)),
        }
    }

    /// Waits until no element is there.
    ///
    /// # Errors
    /// If one stays.
    pub async fn gone(&self, css: &str) -> Outcome {
        eventually(PATIENCE, format!("the end of {css}"), || async {
            ensure!(self.driver.find_all(By::Css(css)).await?.is_empty(), "it is still there");
            Ok(())
        })
        .await
    }

    /// How many elements there are now.
    ///
    /// # Errors
    /// If the page does not answer.
    pub async fn count(&self, css: &str) -> Outcome<usize> {
        Ok(self.driver.find_all(By::Css(css)).await?.len())
    }

    /// Clicks, once the element is there, unblocked and uncovered.
    ///
    /// # Errors
    /// If that does not come about in time; a blocked button says why.
    pub async fn click(&self, css: &str) -> Outcome {
        let clicked = eventually(PATIENCE, format!("a click on {css}"), || async {
            let mut shown = None;
            for element in self.driver.find_all(By::Css(css)).await? {
                if element.is_displayed().await? {
                    shown = Some(element);
                    break;
                }
            }
            let element = shown.context("it is not on the screen")?;
            if element.attr("aria-disabled").await?.as_deref() == Some("true") {
                let why = self
                    .run("return document.getElementById(arguments[0].getAttribute('aria-describedby') ?? '')?.textContent ?? null", vec![element.to_json()?])
                    .await?;
                bail!("it is blocked: {}", why.as_str().unwrap_or("without a reason"));
            }
            element.click().await?;
            Ok(())
        });
        match clicked.await {
            Ok(()) => Ok(()),
            Err(error) => Err(error.context(self.what_is_shown().await)),
        }
    }

    /// Clicks into the middle of the first element that is in sight and at rest: for drawings, parts of which lie outside.
    ///
    /// # Errors
    /// If it does not come to lie inside of the window in time.
    pub async fn click_in_drawing(&self, css: &str) -> Outcome {
        let script = r"
            const done = arguments[arguments.length - 1];
            const middle = (it) => {
                const box = it.getBoundingClientRect();
                return [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)];
            };
            const all = [...document.querySelectorAll(arguments[0])].map((it) => [it, middle(it)]);
            requestAnimationFrame(() => requestAnimationFrame(() => {
                const inSight = all.find(([it, [x, y]]) => String(middle(it)) === String([x, y]) && it.contains(document.elementFromPoint(x, y)));
                done(inSight?.[1] ?? null);
            }));
        ";
        let place = eventually(PATIENCE, format!("a place of {css}"), || async {
            let place = self.run_async(script, vec![json!(css)]).await?;
            let place: Option<(i64, i64)> = serde_json::from_value(place)?;
            place.context("it is not in sight, or still moves")
        });
        let (x, y) = place.await?;
        self.driver.action_chain().move_to(x, y).click().perform().await?;
        Ok(())
    }

    /// Types into a field, in place of what stands there.
    ///
    /// # Errors
    /// If the field does not take it.
    pub async fn write(&self, css: &str, text: &str) -> Outcome {
        let field = self.see(css).await?;
        field.click().await?;
        field.clear().await?;
        field.send_keys(text).await?;
        eventually(PATIENCE, format!("{text:?} in {css}"), || async {
            let value = field.prop("value").await?.unwrap_or_default();
            ensure!(value == text, "it holds {value:?}");
            Ok(())
        })
        .await
    }

    /// Chooses the entry of a list whose words contain `words`.
    ///
    /// # Errors
    /// If there is no such entry in time.
    pub async fn choose(&self, css: &str, words: &str) -> Outcome {
        let list = self.see(css).await?;
        let script = r"
            const [list, words] = arguments;
            const entry = [...list.options].find((it) => it.textContent.includes(words) || it.value === words);
            if (!entry) return [...list.options].map((it) => it.textContent.trim());
            list.value = entry.value;
            list.dispatchEvent(new Event('input', { bubbles: true }));
            list.dispatchEvent(new Event('change', { bubbles: true }));
            return null;
        ";
        eventually(PATIENCE, format!("the entry {words:?} of {css}"), || async {
            let others = self.run(script, vec![list.to_json()?, json!(words)]).await?;
            ensure!(others.is_null(), "it offers {others}");
            Ok(())
        })
        .await
    }

    /// Presses keys, wherever the focus is.
    ///
    /// # Errors
    /// If the page does not answer.
    pub async fn press(&self, keys: impl Into<thirtyfour::TypingData>) -> Outcome {
        let focused = self.driver.active_element().await?;
        focused.send_keys(keys).await?;
        Ok(())
    }

    /// Presses a key on the element that has the focus, which must bear this name: a list that is drawn anew may have dropped it.
    ///
    /// # Errors
    /// If another element has the focus, or the page does not answer.
    pub async fn press_on(&self, testid: &str, key: Key) -> Outcome {
        let focused = self.driver.active_element().await?;
        let name = focused.attr("data-testid").await?;
        ensure!(name.as_deref() == Some(testid), "the focus is on {name:?}");
        focused.send_keys(key).await?;
        Ok(())
    }

    /// Presses a key while Ctrl is down.
    ///
    /// # Errors
    /// If the page does not answer.
    pub async fn press_with_ctrl(&self, key: &str) -> Outcome {
        self.driver.action_chain().key_down(Key::Control).send_keys(key).key_up(Key::Control).perform().await?;
        Ok(())
    }

    /// Opens an address of the window.
    ///
    /// # Errors
    /// If it is not opened.
    pub async fn go(&self, address: &str) -> Outcome {
        self.run("location.hash = arguments[0]", vec![json!(address)]).await?;
        self.at(address).await.map(|_| ())
    }

    /// Opens a part of the window by its entry in the navigation.
    ///
    /// # Errors
    /// If there is no such entry.
    pub async fn navigate(&self, part: &str) -> Outcome {
        self.click(&format!("[data-testid=nav-{part}]")).await?;
        self.at(&format!("/{part}")).await.map(|_| ())
    }

    /// Waits until the address begins with `start`, and answers it.
    ///
    /// # Errors
    /// If it does not in time.
    pub async fn at(&self, start: &str) -> Outcome<String> {
        eventually(PATIENCE, format!("the address {start}"), || async {
            let address = self.run("return location.hash.slice(1)", vec![]).await?;
            let address = address.as_str().unwrap_or_default().to_owned();
            ensure!(address.starts_with(start), "the window is at {address}");
            Ok(address)
        })
        .await
    }

    /// Waits until nothing is being loaded or moved and no work is under way.
    ///
    /// # Errors
    /// If it does not come to rest in time.
    pub async fn rest(&self) -> Outcome {
        self.rest_within(PATIENCE).await
    }

    /// The same with another patience.
    ///
    /// # Errors
    /// If it does not come to rest in time.
    pub async fn rest_within(&self, patience: Duration) -> Outcome {
        let script = r"
            const done = arguments[arguments.length - 1];
            requestAnimationFrame(() => requestAnimationFrame(() => {
                const busy = [...document.querySelectorAll('[aria-busy=true], .bone, [data-testid=job][data-state=running], [data-testid=job][data-state=queued]')];
                done(busy.map((it) => it.dataset.testid ?? it.className));
            }));
        ";
        eventually(patience, "rest", || async {
            let busy = self.run_async(script, vec![]).await?;
            ensure!(busy.as_array().is_some_and(Vec::is_empty), "it is still at {busy}");
            Ok(())
        })
        .await
    }

    /// From now on, the system's dialogs answer with this path.
    ///
    /// # Errors
    /// If the page does not answer.
    pub async fn answer_dialogs(&self, path: &Path) -> Outcome {
        self.run(ANSWER_DIALOGS, vec![json!(path)]).await.map(|_| ())
    }

    /// Paints the window light or dark, through its own setting.
    ///
    /// # Errors
    /// If it does not change.
    pub async fn paint(&self, theme: Theme) -> Outcome {
        self.ask("settings_set", json!({ "key": "theme", "value": theme.to_string() })).await?;
        eventually(PATIENCE, format!("the {theme} theme"), || async {
            let painted = self.run("return document.documentElement.dataset.theme", vec![]).await?;
            ensure!(painted == theme.to_string(), "it is {painted}");
            Ok(())
        })
        .await
    }

    /// Asks the engine through the same door as the page does.
    ///
    /// # Errors
    /// What the engine answers, as `{code, message, hints}`.
    pub async fn ask(&self, command: &str, request: Value) -> Outcome<Value> {
        let script = r"
            const [command, request, done] = arguments;
            window.__TAURI_INTERNALS__.invoke('rpc', { call: { command, request } }).then((ok) => done({ ok }), (error) => done({ error }));
        ";
        let answer = self.run_async(script, vec![json!(command), request]).await?;
        match answer.get("ok") {
            Some(ok) => Ok(ok.clone()),
            None => bail!("{command} failed: {}", answer["error"]),
        }
    }

    /// Takes a picture, if anybody wants pictures. Answers where it lies.
    ///
    /// # Errors
    /// If it cannot be taken or written.
    pub async fn picture(&self, name: &str) -> Outcome<Option<PathBuf>> {
        let Some(folder) = &self.pictures else { return Ok(None) };
        fs::create_dir_all(folder)?;
        // What does not come to rest is pictured as it is.
        let _ = self.rest().await;
        let picture = self.still_picture().await?;
        let number = self.taken.fetch_add(1, Ordering::Relaxed) + 1;
        let path = folder.join(if self.numbered { format!("{number:02}-{name}.png") } else { format!("{name}.png") });
        fs::write(&path, picture).with_context(|| format!("writing the picture {}", path.display()))?;
        Ok(Some(path))
    }

    /// A picture that is the same as the one before it: parts of the page may be painted later than the page says it is done.
    async fn still_picture(&self) -> Outcome<Vec<u8>> {
        let mut last = self.driver.screenshot_as_png().await.context("taking a picture")?;
        for _ in 0..MOST_PICTURES {
            let next = self.driver.screenshot_as_png().await.context("taking a picture")?;
            if next == last {
                break;
            }
            last = next;
        }
        Ok(last)
    }

    /// Takes a picture inside of a step that others share, if this is a walk.
    pub(crate) async fn picture_if_wanted(&self, name: &str) -> Outcome {
        if self.numbered {
            self.picture(name).await?;
        }
        Ok(())
    }

    /// How many pictures were taken.
    pub fn pictures_taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// What a person would see now, for messages of tests that fail.
    pub async fn what_is_shown(&self) -> String {
        let script = r"
            const text = (css) => [...document.querySelectorAll(css)].map((it) => it.innerText?.trim()).filter(Boolean).join(' | ');
            return location.hash + '\n' + text('[data-testid=error], [data-testid=toast], [role=alert]') + '\n' + (document.querySelector('[data-layer=modal]') ?? document.querySelector('main') ?? document.body).innerText.slice(0, 1500);
        ";
        match self.run(script, vec![]).await {
            Ok(text) => format!("the window showed {}", text.as_str().unwrap_or_default()),
            Err(error) => format!("the window did not answer: {error:#}"),
        }
    }
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|it| !it.is_whitespace()).collect()
}

/// A port that nobody listens on now.
fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// The end of a log.
fn tail(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(30).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
