//! Errors of the core → the texts that `js/error.js` makes exceptions of.

use placewright::json::Json;
use placewright::{Error, ErrorKind};
use wasm_bindgen::JsValue;

use crate::text;

/// Why a call failed.
#[derive(Debug)]
pub enum Fault {
    /// The core refused it. With the text that its span is about, where there is one.
    Refused(Error, Option<String>),
    /// The page's own watch stopped it, and knows why.
    Stopped,
    /// The cluster is in the middle of another call.
    Busy,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Refused(error, None)
    }
}

impl Fault {
    /// An error of reading a text: its place in there goes with it where it is about the text itself.
    #[cold]
    pub(crate) fn of_text(error: Error, source: &str) -> Self {
        if is_of_text(&error) { Self::in_text(error, source) } else { error.into() }
    }

    /// An error about a tree; the expression it is about is in there.
    #[cold]
    #[must_use]
    pub fn in_tree(error: Error, tree: &Json<'_>) -> Self {
        let source = error.span().and_then(|_| tree.at_path(error.path()?)?.as_text().ok().map(str::to_owned));
        Self::Refused(error, source)
    }

    /// An error about a text: JSON, or an expression.
    #[cold]
    #[must_use]
    pub fn in_text(error: Error, source: &str) -> Self {
        Self::Refused(error, Some(source.to_owned()))
    }
}

/// Whether an error is about the text of a document rather than about what it says.
const fn is_of_text(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::JsonSyntax | ErrorKind::JsonTooDeep | ErrorKind::JsonDuplicateKey)
}

/// Bytes of the longest text that goes back with an error about it. Of a longer one, which is a whole document, the page would be told
/// twice, and in more than a text of JavaScript can hold: it has the text, and is told the place.
const SOURCE_MAX: usize = 1 << 24;

/// What the page is told of an error: a value it parses.
fn describe(error: &Error, source: Option<&str>) -> String {
    let spanned = error.span().zip(source);
    let shown = spanned.filter(|(_, source)| source.len() <= SOURCE_MAX);
    let lines = match shown {
        Some((_, source)) => error.render(source),
        None => error.clone().without_span().render(""),
    };
    let mut entries = vec![
        ("code", Json::from(error.code())),
        ("class", Json::from(error.class().as_str())),
        ("message", Json::from(error.message())),
        ("text", Json::from(lines)),
    ];
    entries.extend(error.path().map(|path| ("path", Json::from(path))));
    entries.extend(error.help().map(|help| ("help", Json::from(help))));
    if let Some((span, source)) = spanned {
        entries.push(("span", text::span(source, span)));
    }
    entries.extend(shown.map(|(_, source)| ("source", Json::from(source))));
    Json::object(entries).to_string()
}

impl From<Fault> for JsValue {
    #[cold]
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(error, source) => Self::from_str(&describe(&error, source.as_deref())),
            Fault::Stopped => Self::NULL,
            Fault::Busy => Self::UNDEFINED,
        }
    }
}
