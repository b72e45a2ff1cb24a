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
    let mut told = String::from("{");
    let entries = [
        ("code", Some(error.code())),
        ("class", Some(error.class().as_str())),
        ("message", Some(error.message())),
        ("text", Some(lines.as_str())),
        ("path", error.path()),
        ("help", error.help()),
        ("source", shown.map(|(_, source)| source)),
    ];
    for (key, value) in entries {
        if let Some(value) = value {
            told.push_str(if told.len() > 1 { ",\"" } else { "\"" });
            told.push_str(key);
            told.push_str("\":");
            quote(value, &mut told);
        }
    }
    if let Some((span, source)) = spanned {
        let (start, end) = (text::units(source, span.start), text::units(source, span.end));
        told.push_str(&format!(",\"span\":{{\"start\":{start},\"end\":{end}}}"));
    }
    told.push('}');
    told
}

/// Appends a text as JSON. Errors are told so, and not as a tree, for that a page without documents needs no writer of them.
fn quote(text: &str, told: &mut String) {
    told.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => told.extend(['\\', letter]),
            // U+0000 to U+001F, of which the low byte is all there is.
            control if control < ' ' => {
                let digits = b"0123456789abcdef";
                let [high, low] = [control as usize >> 4, control as usize & 15];
                told.push_str("\\u00");
                told.extend([char::from(digits[high]), char::from(digits[low])]);
            }
            other => told.push(other),
        }
    }
    told.push('"');
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
