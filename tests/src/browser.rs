//! The page of `pyfreeze bench --html` in a real browser: clicked, typed into, and photographed.
//!
//! Comes in: a page, and Chromium, driven by its DevTools protocol. Goes out: whether the page does what a reader expects,
//! and three pictures in the tests' folder to be looked at. Skipped where there is no Chromium.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

use crate::bench::missing;
use crate::product::Product;
use crate::project::Workspace;
use crate::runner::{Stop, Test, TestResult};

/// What Chromium is called.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// How long the browser may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// All tests in a browser.
#[must_use]
pub fn tests() -> Vec<Test> {
    vec![Test::new("browser/bench_page", bench_page)]
}

fn bench_page(product: &Product) -> TestResult {
    let Some(program) = chromium() else { return Err(missing("chromium")) };
    let workspace = Workspace::with_files(&[
        ("app/__main__.py", "import json\nimport helper\nprint(json.dumps(helper.VALUES))\n"),
        ("app/helper.py", "import decimal\nimport email.message\nVALUES = [1, 2]\n"),
    ])?;
    let page = workspace.join("page.html");
    let words = ["bench", "app", "--runs", "6", "--html", "page.html"];
    product.command(workspace.path()).args(words).success()?;
    let mut browser = Browser::start(&program, workspace.path())?;
    browser.open(&page)?;
    zooming(&mut browser)?;
    keyboard(&mut browser)?;
    searching(&mut browser)?;
    sorting(&mut browser)?;
    looks(&mut browser, &product.cache)?;
    browser.expect_quiet()
}

/// A click on an import makes it as wide as the panel, in all panels alike.
fn zooming(browser: &mut Browser) -> TestResult {
    let node = "document.querySelector('.panel .node[data-name=\"helper\"]')";
    browser.click(node)?;
    browser.expect(&format!("{node}.getAttribute('width') === '100%'"), "a clicked import fills its panel")?;
    browser.expect("!document.getElementById('flame-reset').disabled", "there is a way back")?;
    browser.expect(
        "document.getElementById('flame-detail').textContent.startsWith('helper: ')",
        "the import is described",
    )?;
    let offset = "const panels = [...document.querySelectorAll('.panel')]; \
                  panels.every((panel) => panel.querySelector('.nowhere').hidden === \
                  Boolean(panel.querySelector('.node[data-name=\"helper\"]')))";
    browser.expect(offset, "panels without the import say so")?;
    browser.click("document.getElementById('flame-reset')")?;
    browser.expect(&format!("parseFloat({node}.getAttribute('width')) < 100"), "the way back leads back")
}

/// Everything can be reached without a mouse.
fn keyboard(browser: &mut Browser) -> TestResult {
    browser.run("document.querySelector('.panel .node[tabindex=\"0\"]').focus()")?;
    let at = "document.activeElement.dataset.name";
    browser.expect(&format!("{at} === 'interpreter'"), "the first node is in the tab order")?;
    browser.key("ArrowRight")?;
    browser.expect(&format!("{at} === 'json'"), "an arrow leads to the next import")?;
    browser.key("ArrowDown")?;
    browser.expect(&format!("{at} === 'json.decoder'"), "an arrow leads to what it imports")?;
    browser.key("Enter")?;
    browser.expect("document.activeElement.getAttribute('width') === '100%'", "Enter looks closer")?;
    browser.key("Escape")?;
    browser.expect("parseFloat(document.activeElement.getAttribute('width')) < 100", "Escape leads back")
}

fn searching(browser: &mut Browser) -> TestResult {
    browser.click("document.getElementById('flame-search')")?;
    browser.type_text("json.")?;
    browser.expect("document.querySelectorAll('.node.found').length > 2", "modules are found")?;
    browser.expect(
        "[...document.querySelectorAll('.node.found')].every((node) => node.dataset.name.includes('json.'))",
        "only those that are meant",
    )?;
    browser.expect(
        "/^\\d+ modules found$/.test(document.getElementById('flame-count').textContent)",
        "it is said how many",
    )
}

fn sorting(browser: &mut Browser) -> TestResult {
    let values = |column: usize| {
        format!(
            "[...document.getElementById('module-table').tBodies[0].rows].map((row) => Number(row.cells[{column}].dataset.value))"
        )
    };
    let is_sorted = |column: usize, sign: &str| {
        let values = values(column);
        format!("{values}.every((value, index, all) => index === 0 || all[index - 1] {sign} value)")
    };
    browser.expect(&is_sorted(6, ">="), "the slowest come first")?;
    browser.click("document.querySelectorAll('#module-table th button')[3]")?;
    browser.expect(&is_sorted(3, ">="), "a click sorts by another column")?;
    browser.click("document.querySelectorAll('#module-table th button')[3]")?;
    browser.expect(&is_sorted(3, "<="), "another click turns it around")?;
    browser.click("document.getElementById('module-filter')")?;
    browser.type_text("email")?;
    browser.expect(
        "[...document.getElementById('module-table').tBodies[0].rows].filter((row) => !row.hidden)\
         .every((row) => row.textContent.includes('email'))",
        "the filter hides the others",
    )?;
    browser.expect("/^\\d+ of \\d+$/.test(document.getElementById('module-count').textContent)", "and counts")
}

/// Light, dark, and as wide as a phone; each in a picture.
fn looks(browser: &mut Browser, folder: &Path) -> TestResult {
    browser.run("document.querySelectorAll('input').forEach((input) => { input.value = ''; input.dispatchEvent(new Event('input')); })")?;
    let brightness = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]";
    browser.size(1100, 1400)?;
    browser.expect(&format!("{brightness} > 200"), "light is light")?;
    browser.photograph(&folder.join("bench-page-light.png"))?;
    browser.call(
        "Emulation.setEmulatedMedia",
        &json!({"features": [{"name": "prefers-color-scheme", "value": "dark"}]}),
    )?;
    browser.expect(&format!("{brightness} < 60"), "dark is dark")?;
    browser.photograph(&folder.join("bench-page-dark.png"))?;
    browser.call("Emulation.setEmulatedMedia", &json!({"features": []}))?;
    browser.size(390, 844)?;
    browser.expect("document.documentElement.scrollWidth <= 390", "a phone shows it without scrolling sideways")?;
    browser.photograph(&folder.join("bench-page-phone.png"))
}

fn chromium() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::env::split_paths(&folders).flat_map(|folder| NAMES.map(|name| folder.join(name)));
    paths.into_iter().find(|path| path.is_file())
}

/// A running browser with one page.
struct Browser {
    process: Child,
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    session: Value,
    last: u64,
    /// What the page did that it should not: errors, and requests to anything but itself.
    complaints: Vec<String>,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Browser {
    fn start(program: &Path, folder: &Path) -> Result<Self, Stop> {
        let mut command = Command::new(program);
        command.args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-port=0",
            "--hide-scrollbars",
        ]);
        command.arg(format!("--user-data-dir={}", folder.join("browser").display())).arg("about:blank");
        command.env("HOME", folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn()?;
        let Some(stderr) = process.stderr.take() else { return Err(Stop::Failed("no standard error".to_owned())) };
        let mut lines = BufReader::new(stderr).lines();
        let address = lines.find_map(|line| Some(line.ok()?.strip_prefix("DevTools listening on ")?.to_owned()));
        // Read on, so that the browser never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let Some(address) = address else {
            let _ = process.kill();
            return Err(Stop::Failed("the browser does not listen".to_owned()));
        };
        let (socket, _) = tungstenite::connect(address.trim()).map_err(|error| Stop::Failed(error.to_string()))?;
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_read_timeout(Some(PATIENCE))?;
        }
        let mut browser = Self { process, socket, session: Value::Null, last: 0, complaints: Vec::new() };
        let target = browser.call("Target.createTarget", &json!({"url": "about:blank"}))?["targetId"].clone();
        let session = browser.call("Target.attachToTarget", &json!({"targetId": target, "flatten": true}))?;
        browser.session = session["sessionId"].clone();
        for domain in ["Page.enable", "Runtime.enable", "Network.enable", "Log.enable"] {
            browser.call(domain, &json!({}))?;
        }
        browser.size(1100, 1400)?;
        Ok(browser)
    }

    fn open(&mut self, page: &Path) -> TestResult {
        self.call("Page.navigate", &json!({"url": format!("file://{}", page.display())}))?;
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            let state = self.run("location.protocol === 'file:' && document.readyState === 'complete'")?;
            if state == true {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(Stop::Failed("the page does not load".to_owned()))
    }

    /// Calls a method of the protocol and waits for its answer.
    fn call(&mut self, method: &str, parameters: &Value) -> Result<Value, Stop> {
        self.last += 1;
        let id = self.last;
        let mut request = json!({"id": id, "method": method, "params": parameters});
        if !self.session.is_null() {
            request["sessionId"] = self.session.clone();
        }
        let failed = |error: tungstenite::Error| Stop::Failed(format!("{method}: {error}"));
        self.socket.send(Message::text(request.to_string())).map_err(failed)?;
        loop {
            let Message::Text(text) = self.socket.read().map_err(failed)? else { continue };
            let answer: Value = serde_json::from_str(&text).map_err(|error| Stop::Failed(error.to_string()))?;
            if answer["id"] != id {
                self.listen(&answer);
            } else if answer["error"].is_null() {
                return Ok(answer["result"].clone());
            } else {
                return Err(Stop::Failed(format!("{method}: {}", answer["error"])));
            }
        }
    }

    fn listen(&mut self, event: &Value) {
        match event["method"].as_str() {
            Some("Runtime.exceptionThrown" | "Log.entryAdded") => self.complaints.push(event.to_string()),
            Some("Network.requestWillBeSent") => {
                let url = event["params"]["request"]["url"].as_str().unwrap_or_default();
                if !url.starts_with("file:") && !url.starts_with("about:") {
                    self.complaints.push(format!("the page asks for {url}"));
                }
            }
            _ => {}
        }
    }

    fn expect_quiet(&self) -> TestResult {
        if self.complaints.is_empty() { Ok(()) } else { Err(Stop::Failed(self.complaints.join("\n"))) }
    }

    fn run(&mut self, script: &str) -> Result<Value, Stop> {
        let result = self.call("Runtime.evaluate", &json!({"expression": script, "returnByValue": true}))?;
        if result["exceptionDetails"].is_null() {
            return Ok(result["result"]["value"].clone());
        }
        Err(Stop::Failed(format!("{script}\n{}", result["exceptionDetails"])))
    }

    fn expect(&mut self, script: &str, what: &str) -> TestResult {
        // In a block, where names are nobody else's.
        let answer = self.run(&format!("{{ {script} }}"))?;
        if answer == true { Ok(()) } else { Err(Stop::Failed(format!("{what}: {script} is {answer}"))) }
    }

    /// Clicks where an element is, as a mouse does: whatever lies above it gets the click.
    fn click(&mut self, element: &str) -> TestResult {
        let place = self.run(&format!(
            "(() => {{ const element = {element}; element.scrollIntoView({{block: 'center'}}); \
             const box = element.getBoundingClientRect(); return [box.x + Math.min(box.width / 2, 20), box.y + Math.min(box.height / 2, 10)]; }})()"
        ))?;
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event = json!({"type": kind, "x": place[0], "y": place[1], "button": button, "clickCount": 1});
            self.call("Input.dispatchMouseEvent", &event)?;
        }
        Ok(())
    }

    fn key(&mut self, key: &str) -> TestResult {
        for kind in ["keyDown", "keyUp"] {
            self.call("Input.dispatchKeyEvent", &json!({"type": kind, "key": key}))?;
        }
        Ok(())
    }

    fn type_text(&mut self, text: &str) -> TestResult {
        self.call("Input.insertText", &json!({"text": text})).map(|_| ())
    }

    fn size(&mut self, width: u32, height: u32) -> TestResult {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.call("Emulation.setDeviceMetricsOverride", &metrics).map(|_| ())
    }

    /// The whole page as a picture.
    fn photograph(&mut self, path: &Path) -> TestResult {
        let picture = self.call("Page.captureScreenshot", &json!({"captureBeyondViewport": true}))?;
        let text = picture["data"].as_str().unwrap_or_default();
        let bytes = data_encoding::BASE64.decode(text.as_bytes()).unwrap_or_default();
        if !bytes.starts_with(b"\x89PNG") {
            return Err(Stop::Failed("the picture is none".to_owned()));
        }
        Ok(fs::write(path, bytes)?)
    }
}
