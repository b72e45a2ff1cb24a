//! Places in texts: bytes here, code units of 16 bits in JavaScript.

use placewright::Span;
use placewright::json::Json;

/// How many code units a text has up to a byte; a byte inside a character counts as its start.
#[must_use]
pub fn units(text: &str, byte: usize) -> usize {
    let end = (0..=byte.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    text.get(..end).unwrap_or_default().encode_utf16().count()
}

/// The byte at which so many code units of a text end; half of a pair counts as its start.
#[must_use]
pub fn byte(text: &str, units: usize) -> usize {
    let mut seen = 0;
    for (at, letter) in text.char_indices() {
        if seen + letter.len_utf16() > units {
            return at;
        }
        seen += letter.len_utf16();
    }
    text.len()
}

/// A span in code units.
#[must_use]
pub fn span(text: &str, span: Span) -> Json<'static> {
    let at = |byte| Json::from(u64::try_from(units(text, byte)).unwrap_or(u64::MAX));
    Json::object([("start", at(span.start)), ("end", at(span.end))])
}

/// Places of a text in code units, asked for in order: all of them together take one pass over the text.
#[derive(Debug)]
pub struct Units<'t> {
    /// The text.
    text: &'t str,
    /// Where the last place was, in bytes.
    byte: usize,
    /// The same in code units.
    units: usize,
}

impl<'t> Units<'t> {
    /// From the start of a text.
    #[must_use]
    pub const fn new(text: &'t str) -> Self {
        Self { text, byte: 0, units: 0 }
    }

    /// How many code units the text has up to a byte on a character boundary, no earlier than the last.
    pub fn at(&mut self, byte: usize) -> Json<'static> {
        self.units += self.text.get(self.byte..byte).unwrap_or_default().encode_utf16().count();
        self.byte = byte.max(self.byte);
        Json::from(u64::try_from(self.units).unwrap_or(u64::MAX))
    }
}
