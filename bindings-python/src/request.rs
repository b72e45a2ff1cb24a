//! Requests as a caller writes them → requests in the shape of RunTask.

use placewright::adapter::OWN_STRATEGY_TYPES;
use placewright::json::Json;
use placewright::{Error, ErrorKind};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::argument;
use crate::convert::{Text, read_text, to_document, to_json};
use crate::error;
use crate::iterate;
use crate::outcome::Expression;

/// The options of a request beside what it is for.
#[derive(Default)]
pub(crate) struct Asked<'a, 'py> {
    /// Number of tasks.
    pub(crate) count: Option<&'a Bound<'py, PyAny>>,
    /// Task group.
    pub(crate) group: Option<&'a Bound<'py, PyAny>>,
    /// Strategies.
    pub(crate) strategies: Option<&'a Bound<'py, PyAny>>,
    /// Constraints.
    pub(crate) constraints: Option<&'a Bound<'py, PyAny>>,
    /// All tasks or none.
    pub(crate) all_or_nothing: Option<&'a Bound<'py, PyAny>>,
    /// Seed.
    pub(crate) seed: Option<&'a Bound<'py, PyAny>>,
}

impl Asked<'_, '_> {
    /// Each option with its name here and its key in a request.
    fn entries(&self) -> PyResult<Vec<(&'static str, &'static str, Json<'static>)>> {
        let plain = |value: Option<&Bound<'_, PyAny>>| value.map(to_json).transpose();
        let strategies = self.strategies.map(Strategies::read).transpose()?.unwrap_or_default();
        let strategies = strategies.entries().map(|(key, value)| ("strategies", key, Some(value)));
        let constraints = self.constraints.map(|value| to_rules(value, "expression")).transpose()?;
        let all = [
            ("count", "count", plain(self.count)?),
            ("group", "group", plain(self.group)?),
            ("constraints", "placementConstraints", constraints.and_then(given)),
            ("all_or_nothing", "xAllOrNothing", plain(self.all_or_nothing)?),
            ("seed", "xSeed", self.seed.map(argument::seed).transpose()?),
        ];
        Ok(all.into_iter().chain(strategies).filter_map(|(name, key, value)| Some((name, key, value?))).collect())
    }

    /// Refuses every option, for a request that is prepared already.
    pub(crate) fn refuse(&self) -> PyResult<()> {
        let all = [
            ("count", self.count),
            ("group", self.group),
            ("strategies", self.strategies),
            ("constraints", self.constraints),
            ("all_or_nothing", self.all_or_nothing),
            ("seed", self.seed),
        ];
        match all.iter().find(|(_, value)| value.is_some()) {
            None => Ok(()),
            Some((name, _)) => Err(PyTypeError::new_err(format!("`{name}` was settled when the request was prepared"))),
        }
    }
}

/// A request in the shape of RunTask: of a definition's name, of JSON text or of an object, with options.
pub(crate) fn to_request(what: &Bound<'_, PyAny>, asked: &Asked<'_, '_>) -> PyResult<Json<'static>> {
    let py = what.py();
    let mut request = match Text::of(what)? {
        Some(Text::Str(text)) if !text.trim_start().starts_with('{') => {
            Json::object([("taskDefinition", Json::from(&*text))]).into_owned()
        }
        _ => to_document(what)?,
    };
    let options = asked.entries()?;
    if options.is_empty() {
        return Ok(request);
    }
    let Json::Object(entries) = &mut request else {
        let error = request.as_fields().err().unwrap_or_else(|| Error::new(ErrorKind::JsonType));
        return Err(error::plain(py, &error));
    };
    let before = entries.len();
    for (name, key, value) in options {
        // Strategies have two keys, and a caller who gives some means all of them.
        let is_same = |known: &str| known == key || (name == "strategies" && STRATEGY_KEYS.contains(&known));
        if entries[..before].iter().any(|(known, _)| is_same(known)) {
            let error = Error::with_message(ErrorKind::InvalidParameter, format!("`{name}` is given twice"));
            return Err(error::plain(py, &error.in_path(key)));
        }
        entries.push((key.into(), value));
    }
    Ok(request)
}

/// The keys of a request for strategies: for the one that ECS does not have, and for those that it has.
const STRATEGY_KEYS: [&str; 2] = ["xPlacementStrategy", "placementStrategy"];

/// Rules as a list; no rule at all is none given, so that those of the request stay.
fn given(rules: Vec<Json<'static>>) -> Option<Json<'static>> {
    (!rules.is_empty()).then_some(Json::Array(rules))
}

/// Strategies, by the keys that they have in a request.
#[derive(Default)]
pub(crate) struct Strategies {
    /// The one that ECS does not have.
    own: Option<Json<'static>>,
    /// Those that it has.
    rules: Vec<Json<'static>>,
}

impl Strategies {
    /// Reads strategies: one, or several. A request has one at most that is not ECS's, and that comes first.
    pub(crate) fn read(value: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut rules = to_rules(value, "field")?;
        let is_own = |rule: &Json<'_>| {
            let kind = rule.get("type").and_then(|kind| kind.as_text().ok());
            kind.is_some_and(|kind| OWN_STRATEGY_TYPES.contains(&kind))
        };
        if let Some(at) = rules.iter().skip(1).position(is_own) {
            let fault = Error::with_message(ErrorKind::InvalidStrategy, "a strategy that is not ECS's comes first")
                .in_path(&format!("strategies[{}]", at + 1))
                .with_help("put it before the others, one of them at most");
            return Err(error::plain(value.py(), &fault));
        }
        let own = rules.first().is_some_and(is_own).then(|| rules.remove(0));
        Ok(Self { own, rules })
    }

    /// The entries of a request.
    pub(crate) fn entries(self) -> impl Iterator<Item = (&'static str, Json<'static>)> {
        let [own, ecs] = STRATEGY_KEYS;
        let rules = given(self.rules).map(|rules| (ecs, rules));
        self.own.map(|own_rule| (own, own_rule)).into_iter().chain(rules)
    }
}

/// Strategies or constraints: one, or several. A text is `type` or `type:second`.
fn to_rules(value: &Bound<'_, PyAny>, second: &'static str) -> PyResult<Vec<Json<'static>>> {
    let is_one = value.is_instance_of::<PyString>()
        || value.is_instance_of::<PyDict>()
        || value.is_instance_of::<Expression>()
        || value.hasattr("to_dict")?;
    let rule = |rule: &Bound<'_, PyAny>| -> PyResult<Json<'static>> {
        match rule.cast::<PyString>() {
            Ok(text) => {
                let text = read_text(text, "")?;
                Ok(match text.split_once(':') {
                    Some((kind, rest)) => {
                        Json::object([("type", Json::from(kind)), (second, Json::from(rest))]).into_owned()
                    }
                    None => Json::object([("type", Json::from(text))]),
                })
            }
            Err(_) => match rule.cast::<Expression>() {
                // The one constraint that has an expression.
                Ok(expression) if second == "expression" => {
                    let source = Json::from(expression.get().0.source().to_string());
                    Ok(Json::object([("type", Json::from("memberOf")), (second, source)]))
                }
                _ => to_json(rule),
            },
        }
    };
    if is_one {
        return Ok(vec![rule(value)?]);
    }
    iterate::gather(value, |_, one| rule(&one))
}
