//! Plain calls: names and numbers in place of JSON, so that what a page needs to set a cluster up and to place in bulk needs no
//! reader of documents. With the bulk lane they are the first half of the module when that is split (`split/halves.mjs`).
//!
//! Texts come in one text, with U+0000 between: each begins with a letter that says what it is.

use placewright::adapter::Session;
use placewright::request::Request;
use placewright::strategy::{Strategy, StrategyChain};
use placewright::{Demand, Error, ErrorKind, GpuDemand, Instance, InstanceStatus};
use placewright_wasm_edge::Fault;
use wasm_bindgen::prelude::*;

use crate::numbers;
use crate::slab;

/// The parts of a text: the letter of each, and the rest.
fn parts(text: &str) -> impl Iterator<Item = (char, &str)> {
    text.split('\0').filter_map(|part| {
        let mut letters = part.chars();
        letters.next().map(|letter| (letter, letters.as_str()))
    })
}

/// An amount of a page, which has looked that it is an integer.
#[expect(clippy::cast_possible_truncation, reason = "beyond the bounds it is refused, whatever it is")]
const fn amount(number: f64) -> i64 {
    number as i64
}

/// Registers an instance: `n` and its name, `a` and the name of an attribute, behind that `v` and its value, if it has one.
///
/// # Errors
/// As `register` of [`crate::call`].
#[wasm_bindgen]
pub fn register_plain(cluster: u32, texts: &str, cpu: f64, memory_mib: f64) -> Result<(), JsValue> {
    slab::with(cluster, |held| {
        let mut instance = Instance::new("").with_resources(amount(cpu), amount(memory_mib));
        for (letter, text) in parts(texts) {
            match letter {
                'n' => instance.name = text,
                'a' => instance.attributes.push((text, None)),
                _ => {
                    if let Some((_, value)) = instance.attributes.last_mut() {
                        *value = Some(text);
                    }
                }
            }
        }
        held.session.register_in_own_words(&instance)?;
        held.forget_positions();
        Ok(())
    })
}

/// Sets instances, each an `n` and its name, to `DRAINING` or back to `ACTIVE`.
///
/// # Errors
/// As `updateContainerInstancesState` of [`crate::call`].
#[wasm_bindgen]
pub fn set_draining(cluster: u32, texts: &str, is_draining: bool) -> Result<(), JsValue> {
    slab::with(cluster, |held| {
        let session = &mut held.session;
        let named = |(at, (_, name)): (usize, (char, &str))| {
            session.instance_id(name).map_err(|error| error.in_path(&format!("containerInstances[{at}]")))
        };
        let ids = parts(texts).enumerate().map(named).collect::<Result<Vec<_>, Error>>()?;
        let status = if is_draining { InstanceStatus::Draining } else { InstanceStatus::Active };
        Ok(session.set_instances_status(&ids, status)?)
    })
}

/// Makes a request ready for tasks that take so much, without a task definition; its number. Texts: `n` and a name for the tasks,
/// `g` and a group, `s` and a seed, `t` and the type of a strategy, behind that `f` and its field, `c` and the type of a constraint,
/// behind that `e` and its expression.
///
/// # Errors
/// As `prepare` of [`crate::call`], for what is said here.
#[wasm_bindgen]
pub fn prepare_plain(cluster: u32, texts: &str, cpu: f64, memory_mib: f64, gpus: u16) -> Result<f64, JsValue> {
    slab::with(cluster, |held| {
        let gpus = if gpus == 0 { GpuDemand::None } else { GpuDemand::Whole(gpus) };
        let demand = Demand { cpu: amount(cpu), memory_mib: amount(memory_mib), gpus, ..Demand::default() };
        let request = request(&held.session, texts, demand)?;
        let id = held.session.prepare(&request)?;
        Ok(numbers::from_u64(id.as_u64()))
    })
}

/// A request for tasks of a demand, and of what texts say of it.
fn request(session: &Session, texts: &str, demand: Demand) -> Result<Request, Fault> {
    let name = parts(texts).find_map(|(letter, text)| (letter == 'n').then_some(text)).unwrap_or_default();
    let mut request = session.request_for(name, demand).map_err(|error| error.in_path("name"))?;
    let mut rules: Vec<Strategy> = Vec::new();
    let mut rest = parts(texts).peekable();
    while let Some((letter, text)) = rest.next() {
        let second = rest.peek().filter(|(letter, _)| matches!(letter, 'f' | 'e')).map(|&(_, second)| second);
        match letter {
            'g' if text.is_empty() => {
                return Err(Error::with_message(ErrorKind::InvalidParameter, "text is empty").in_path("group").into());
            }
            'g' => text.clone_into(&mut request.group),
            's' => {
                let refuse = |_| Error::with_message(ErrorKind::InvalidParameter, format!("`{text}` is no seed"));
                request.seed = text.parse().map_err(|error| refuse(error).in_path("seed"))?;
            }
            't' => {
                let here = |error: Error| error.in_path(&format!("strategies[{}]", rules.len()));
                rules.push(session.read_rule(text, second).map_err(here)?);
            }
            'c' => {
                let place = format!("constraints[{}]", request.constraints.len());
                let constraint = Session::read_constraint(text, second).map_err(|error| error.in_path(&place));
                request
                    .constraints
                    .push(constraint.map_err(|error| Fault::in_text(error, second.unwrap_or_default()))?);
            }
            _ => {}
        }
    }
    if !rules.is_empty() {
        request.strategies = StrategyChain::new(rules).map_err(|error| error.in_path("strategies"))?;
    }
    Ok(request)
}
