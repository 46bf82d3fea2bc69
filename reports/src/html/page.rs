//! The frame of every page: one file that needs nothing else.

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub(super) const STYLE: &str = include_str!("style.css");

/// Nothing is fetched and nothing runs, whatever is in a page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// A part of a page.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its place in the page's address; unique.
    pub id: &'static str,
    /// Its heading, and its name in the list of contents.
    pub title: &'static str,
    /// What is in it.
    pub body: Markup,
}

/// A page: what it is about, the verdict, and the rest.
#[derive(Clone, Debug)]
pub struct Page {
    /// The heading.
    pub title: String,
    /// Under the heading: what was run.
    pub subtitle: String,
    /// First of all, in plain sentences.
    pub verdict: Markup,
    /// The parts, in order.
    pub sections: Vec<Section>,
}

impl Page {
    /// The file.
    #[must_use]
    pub fn render(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="generator" content={ "coalmine " (version) };
                    title { (self.title) " · coalmine" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header {
                        h1 { (self.title) }
                        p.faint { (self.subtitle) }
                        @if self.sections.len() > 1 { (self.contents()) }
                    }
                    main {
                        (self.verdict)
                        @for section in &self.sections {
                            section id=(section.id) {
                                h2 { (section.title) }
                                (section.body)
                            }
                        }
                    }
                }
            }
        };
        page.into_string()
    }

    fn contents(&self) -> Markup {
        html! {
            nav aria-label="Contents" {
                ul {
                    @for section in &self.sections {
                        li { a href={ "#" (section.id) } { (section.title) } }
                    }
                }
            }
        }
    }
}
