//! Explanations as JSON, for tools that show them.

use alloc::vec::Vec;

use crate::json::Json;
use crate::report::{Explanation, Failure, NearestMiss, ScoreTerm, Winner};

/// Why the tasks of one request go where they go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BatchExplanation {
    /// Of the first tasks that find an instance, in order; as many as were asked for.
    pub placed: Vec<Explanation>,
    /// Of the first task that finds none.
    pub not_placed: Option<Explanation>,
    /// Tasks before that one, or all where each finds an instance. Of a request for all or none they are taken back, and the
    /// reasons are of the moment before.
    pub found: u32,
}

impl BatchExplanation {
    /// `{"tasks": […], "notPlaced": {…}}`; a key that does not apply is absent.
    #[must_use]
    pub fn to_json(&self) -> Json<'_> {
        let tasks =
            (!self.placed.is_empty()).then(|| ("tasks", Json::array(self.placed.iter().map(Explanation::to_json))));
        let not_placed = self.not_placed.as_ref().map(|explanation| ("notPlaced", explanation.to_json()));
        let taken_back = self.not_placed.is_some() && self.placed.is_empty() && self.found > 0;
        let found = taken_back.then(|| ("found", Json::from(u64::from(self.found))));
        Json::object(tasks.into_iter().chain(found).chain(not_placed))
    }
}

impl Explanation {
    /// The explanation as JSON: the funnel, the reasons with their counts, every instance that fell away with its first
    /// reason and the figures, the winner and the nearest miss.
    #[must_use]
    pub fn to_json(&self) -> Json<'_> {
        let count = |count: usize| Json::from(u64::try_from(count).unwrap_or(u64::MAX));
        let funnel = Json::object([
            ("registered", count(self.funnel.registered)),
            ("considered", count(self.funnel.considered)),
            ("meetRequirements", count(self.funnel.meet_requirements)),
            ("meetConstraints", count(self.funnel.meet_constraints)),
        ]);
        let reasons = self
            .reasons
            .iter()
            .map(|(text, number)| Json::object([("reason", Json::from(text.as_str())), ("count", count(*number))]));
        let rejected = self.verdicts.iter().filter_map(|verdict| {
            let failure = failure(verdict.failure?);
            Some(Json::object([("arn", Json::from(verdict.name))].into_iter().chain(failure)))
        });
        let mut entries = alloc::vec![
            ("definition", Json::from(self.definition.as_str())),
            ("group", Json::from(self.group.as_str())),
            ("funnel", funnel),
            ("reasons", Json::array(reasons)),
            ("rejected", Json::array(rejected)),
        ];
        entries.extend(self.winner.as_ref().map(|winner| ("winner", self::winner(winner))));
        entries.extend(self.nearest_miss.as_ref().map(|miss| ("nearestMiss", nearest_miss(miss))));
        Json::object(entries)
    }
}

/// A failed check: the reason, the figures where it has any, the detail where there is one.
fn failure<'f>(failure: Failure) -> impl Iterator<Item = (&'f str, Json<'f>)> {
    let number = |name: &'f str, figure: Option<i64>| figure.map(|figure| (name, Json::from(figure)));
    [
        Some(("reason", Json::from(failure.text))),
        number("asked", failure.asked),
        number("used", failure.used),
        number("available", failure.available),
        failure.detail.map(|detail| ("detail", Json::from(detail))),
    ]
    .into_iter()
    .flatten()
}

/// The winner, and who came second.
fn winner(winner: &Winner) -> Json<'_> {
    let runner_up = winner
        .runner_up
        .as_ref()
        .map(|(name, score)| ("runnerUp", Json::object([("arn", Json::from(name.as_str())), ("score", terms(score))])));
    let entries = [
        ("arn", Json::from(winner.name.as_str())),
        ("score", terms(&winner.score)),
        ("decidedBy", Json::from(winner.decided_by.as_str())),
    ];
    let detail = winner.detail.as_ref().map(|detail| ("detail", Json::from(detail.as_str())));
    Json::object(entries.into_iter().chain(runner_up).chain(detail))
}

/// The keys of an instance, rule by rule; a rule that draws has none.
fn terms(terms: &[ScoreTerm]) -> Json<'_> {
    Json::array(terms.iter().map(|term| {
        let key = term.key.map(|key| ("key", Json::from(key)));
        Json::object([("rule", Json::from(term.rule.as_str()))].into_iter().chain(key))
    }))
}

/// The nearest miss.
fn nearest_miss(miss: &NearestMiss) -> Json<'_> {
    Json::object([
        ("arn", Json::from(miss.name.as_str())),
        ("text", Json::from(miss.text.as_str())),
        ("failures", Json::array(miss.failures.iter().cloned().map(|one| Json::object(failure(one))))),
    ])
}
