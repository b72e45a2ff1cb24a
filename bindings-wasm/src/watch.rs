//! Looking up from long work, through a function of the page.

use js_sys::Function;
use wasm_bindgen::JsValue;

/// What is being done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Text is read; how much there is of it is not told.
    Reading,
    /// What was asked for is done.
    Working,
}

/// A function of the page that is told how much is done, and whether that is worth showing. It says how much may be done before
/// it is asked again; a number below 1 stops the work.
pub(crate) struct Watcher(pub(crate) Option<Function>);

impl Watcher {
    /// What the core calls.
    pub(crate) fn ask(&self, done: usize, phase: Phase) -> Option<usize> {
        let Some(function) = &self.0 else { return Some(usize::MAX) };
        let done = u32::try_from(done).unwrap_or(u32::MAX);
        let answer = function.call2(&JsValue::NULL, &done.into(), &(phase == Phase::Working).into());
        let part = answer.ok().and_then(|answer| answer.as_f64()).filter(|part| *part >= 1.0)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 1; too much is clamped")]
        Some(part as usize)
    }

    /// Whether anybody watches.
    pub(crate) const fn is_there(&self) -> bool {
        self.0.is_some()
    }
}
