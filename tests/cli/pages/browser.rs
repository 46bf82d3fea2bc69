//! Chromium without a window, where it is installed.

use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

/// Its names.
const PROGRAMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// A browser.
pub(super) struct Browser {
    program: String,
}

/// What a browser made of a page.
pub(super) struct Seen {
    /// The document when all was loaded.
    pub(super) document: String,
    /// What it wrote to its console.
    pub(super) console: Vec<String>,
}

impl Browser {
    /// The one that is installed, or `CHROMIUM`; says so when there is none.
    pub(super) fn found() -> Option<Self> {
        let named = std::env::var("CHROMIUM").ok();
        let mut programs = named.into_iter().chain(PROGRAMS.map(str::to_owned));
        let answers = |program: &String| {
            let version = Command::new(program).arg("--version").output();
            version.is_ok_and(|output| output.status.success())
        };
        let program = programs.find(answers);
        if program.is_none() {
            println!("chromium is not installed; no page was opened");
        }
        program.map(|program| Self { program })
    }

    /// Opens a page and waits until it is quiet.
    pub(super) fn open(&self, page: &Path, is_dark: bool) -> Seen {
        let profile = tempfile::tempdir().expect("makes a folder");
        let scheme = if is_dark { 0 } else { 1 };
        let output = Command::new(&self.program)
            .args(["--headless", "--disable-gpu", "--no-first-run"])
            // Containers give it no sandbox; it opens files of this test only.
            .args(["--no-sandbox", "--disable-dev-shm-usage"])
            .args(["--enable-logging=stderr", "--virtual-time-budget=20000"])
            .arg("--window-size=1500,1000")
            .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("--dump-dom")
            .arg(format!("file://{}", page.display()))
            .output()
            .expect("runs");
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{log}");
        let console = log.lines().filter(|line| line.contains("CONSOLE"));
        Seen {
            document: String::from_utf8_lossy(&output.stdout).into_owned(),
            console: console.map(str::to_owned).collect(),
        }
    }

    /// Opens a copy of a page in a frame so many pixels wide, which is a viewport of its own, and
    /// measures what a reader would see.
    pub(super) fn measure(&self, page: &str, width: u32, is_dark: bool) -> Json {
        let folder = tempfile::tempdir().expect("makes a folder");
        let script = include_str!("measure.js");
        let copy = page
            .replace(
                "default-src 'none';",
                "default-src 'none'; script-src 'unsafe-inline';",
            )
            .replace("</body>", &format!("<script>{script}</script></body>"));
        assert_ne!(copy, page);
        std::fs::write(folder.path().join("copy.html"), copy).expect("writes");
        let frame = format!(
            "<!DOCTYPE html><meta charset=utf-8>\
             <iframe src=copy.html style='width:{width}px;height:900px;border:0'></iframe>\
             <script>addEventListener('message', event => {{\
               const told = document.createElement('pre');\
               told.id = 'told'; told.textContent = event.data; document.body.append(told);\
             }})</script>"
        );
        let path = folder.path().join("frame.html");
        std::fs::write(&path, frame).expect("writes");
        let seen = self.open(&path, is_dark);
        let told = seen.document.split_once("<pre id=\"told\">");
        let told = told.and_then(|(_, rest)| rest.split_once("</pre>"));
        let (told, _) = told.unwrap_or_else(|| panic!("nothing was measured: {:?}", seen.console));
        let plain = [
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&nbsp;", "\u{a0}"),
            ("&amp;", "&"),
        ];
        let told = plain
            .iter()
            .fold(told.to_owned(), |told, (from, to)| told.replace(from, to));
        serde_json::from_str(&told).expect("is JSON")
    }
}
