//! The clusters of the module, by number.
//!
//! A number is given out again once its cluster is freed; `js/api.js` forgets a number when it frees it, so nobody holds an old
//! one. A cluster in the middle of a call cannot be called: its progress callback is told so.

use std::cell::RefCell;
use std::rc::Rc;

use placewright::adapter::{Session, SessionSavepoint};
use placewright::cluster::RegistrationPositions;
use placewright::{Error, ErrorKind};
use placewright_wasm_edge::Fault;
use wasm_bindgen::JsValue;

/// A cluster and what belongs to it.
pub(crate) struct Held {
    /// The session.
    pub(crate) session: Session,
    /// Open savepoints with their numbers, outermost first.
    pub(crate) savepoints: Vec<(u32, SessionSavepoint)>,
    /// The number of the next savepoint.
    pub(crate) next_savepoint: u32,
    /// Warnings that were taken from the session so far.
    pub(crate) warnings: Vec<String>,
    /// Positions of instances, until the list of instances may have changed.
    positions: Option<RegistrationPositions>,
    /// Position of the instance that `place_one` chose last.
    pub(crate) last_instance: u32,
    /// What the bulk lane answers beside instances: numbers of tasks.
    pub(crate) tasks: Vec<f64>,
    /// The last column of integers, for the page to read.
    pub(crate) integers: Vec<i32>,
    /// The last column of numbers, for the page to read.
    pub(crate) numbers: Vec<f64>,
}

impl Held {
    /// A cluster nobody has called yet.
    fn new(session: Session) -> Self {
        Self {
            session,
            savepoints: Vec::new(),
            next_savepoint: 0,
            warnings: Vec::new(),
            positions: None,
            last_instance: u32::MAX,
            tasks: Vec::new(),
            integers: Vec::new(),
            numbers: Vec::new(),
        }
    }

    /// The session with the positions of its instances.
    pub(crate) fn with_positions(&mut self) -> (&mut Session, &RegistrationPositions) {
        let positions = &mut self.positions;
        let positions = positions.get_or_insert_with(|| self.session.cluster().registration_positions());
        (&mut self.session, positions)
    }

    /// Says that instances may have come or gone.
    pub(crate) fn forget_positions(&mut self) {
        self.positions = None;
    }
}

/// A place for a cluster; empty where none is.
type Place = Option<Rc<RefCell<Held>>>;

thread_local! {
    /// The clusters.
    static CLUSTERS: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
}

/// Gives a session a number.
pub(crate) fn insert(session: Session) -> u32 {
    let held = Some(Rc::new(RefCell::new(Held::new(session))));
    CLUSTERS.with_borrow_mut(|clusters| {
        let free = clusters.iter().position(Option::is_none).unwrap_or(clusters.len());
        if free == clusters.len() {
            clusters.push(held);
        } else {
            clusters[free] = held;
        }
        // More clusters than that need more memory than there is.
        u32::try_from(free).unwrap_or(u32::MAX)
    })
}

/// Lets go of a cluster; one in the middle of a call is kept, and the caller told so.
pub(crate) fn remove(number: u32) -> Result<(), JsValue> {
    with(number, |_| Ok(()))?;
    let place = CLUSTERS.with_borrow_mut(|clusters| clusters.get_mut(number as usize).and_then(Option::take));
    drop(place);
    Ok(())
}

/// Works with a cluster.
pub(crate) fn with<T>(number: u32, work: impl FnOnce(&mut Held) -> Result<T, Fault>) -> Result<T, JsValue> {
    let held = CLUSTERS.with_borrow(|clusters| clusters.get(number as usize).cloned().flatten());
    let Some(held) = held else {
        let error = Error::with_message(ErrorKind::StaleHandle, "the cluster was freed");
        return Err(Fault::from(error).into());
    };
    let Ok(mut held) = held.try_borrow_mut() else { return Err(Fault::Busy.into()) };
    work(&mut held).map_err(JsValue::from)
}
