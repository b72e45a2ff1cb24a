//! Looking up from long work, through an object of the page, which has the clock.

use std::ops::ControlFlow;

use placewright::pack::{self, Answer};
use placewright::planner::rearrange;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Who watches a call: `Watch` in `js/pack-watch.js`.
    #[derive(Debug)]
    pub type Watch;

    /// Work begins, for so many milliseconds at most.
    #[wasm_bindgen(method)]
    pub(crate) fn begin(this: &Watch, milliseconds: Option<f64>);

    /// What to do: 0 to go on, 1 to go on and tell, 2 to stop.
    #[wasm_bindgen(method)]
    fn look(this: &Watch) -> u32;

    /// Tells of packing; whether to go on.
    #[wasm_bindgen(method)]
    #[expect(clippy::too_many_arguments, reason = "an object would have to be made, and read again")]
    fn packing(
        this: &Watch,
        value: Option<f64>,
        missing: f64,
        lower_bound: f64,
        bound_name: &str,
        solver: &str,
        steps: f64,
    ) -> bool;

    /// Tells of moving; whether to go on.
    #[wasm_bindgen(method)]
    fn moving(this: &Watch, moves: f64, steps: f64) -> bool;

    /// Milliseconds since the work began.
    #[wasm_bindgen(method)]
    fn elapsed(this: &Watch) -> f64;

    /// Whether the page has thrown the call away, and knows why.
    #[wasm_bindgen(method)]
    pub(crate) fn aborted(this: &Watch) -> bool;
}

/// What [`Watch::look`] says.
const TELL: u32 = 1;
/// The same.
const STOP: u32 = 2;

/// A cost in units, for a person to look at.
fn units(millionths: u128) -> f64 {
    millionths as f64 / placewright::limits::PACK_COST_UNIT as f64
}

/// Whether to go on.
const fn flow(goes_on: bool) -> ControlFlow<()> {
    if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

impl Watch {
    /// What solvers call.
    pub(crate) fn ask(&self, progress: &pack::Progress) -> ControlFlow<()> {
        match self.look() {
            STOP => flow(false),
            TELL => flow(self.packing(
                progress.value.map(units),
                progress.missing as f64,
                units(progress.lower_bound),
                progress.bound_name,
                progress.solver,
                progress.steps as f64,
            )),
            _ => flow(true),
        }
    }

    /// What the planner of moves calls.
    pub(crate) fn ask_of_moves(&self, progress: &rearrange::Progress) -> ControlFlow<()> {
        match self.look() {
            STOP => flow(false),
            TELL => flow(self.moving(progress.moves as f64, progress.steps as f64)),
            _ => flow(true),
        }
    }

    /// Tells of an answer, which is the last word.
    pub(crate) fn answered(&self, answer: &Answer, missing: u64) {
        self.packing(
            Some(units(answer.value)),
            missing as f64,
            units(answer.lower_bound),
            answer.bound_name,
            answer.solver,
            answer.steps as f64,
        );
    }

    /// Tells of a plan of moves, which is the last word.
    pub(crate) fn planned(&self, plan: &rearrange::RearrangePlan) {
        self.moving(plan.moves.len() as f64, plan.steps as f64);
    }

    /// Whole milliseconds since the work began.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is out of range is clamped")]
    pub(crate) fn milliseconds(&self) -> u64 {
        self.elapsed() as u64
    }
}
