//! Expressions, for those who write them.

use placewright::json::Json;
use placewright::{Cluster, expr, report};
use placewright_wasm_edge::{Fault, print, text};
use wasm_bindgen::prelude::*;

/// Compiles a query: its canonical text and the attributes it reads.
///
/// # Errors
/// For what is wrong with it.
#[wasm_bindgen]
pub fn compile(expression: &str) -> Result<String, JsValue> {
    let compiled = expr::compile(expression).map_err(|error| Fault::in_text(error, expression))?;
    Ok(print(&Json::object([
        ("canonical", Json::from(compiled.as_str())),
        ("source", Json::from(compiled.source())),
        ("attributeNames", Json::array(compiled.attribute_names().map(Json::from))),
    ])))
}

/// A query as an editor wants it, without a cluster.
#[wasm_bindgen]
#[must_use]
pub fn diagnose(expression: &str) -> String {
    diagnosis(expression, None)
}

/// The tokens of a text: kinds and places.
#[wasm_bindgen]
#[must_use]
pub fn tokens(text: &str) -> String {
    print(&token_list(&expr::tokens(text), text))
}

/// Tokens as an answer.
fn token_list(tokens: &[expr::Token], text: &str) -> Json<'static> {
    let mut units = text::Units::new(text);
    Json::array(tokens.iter().map(|token| {
        let (start, end) = (units.at(token.span.start), units.at(token.span.end));
        Json::object([("kind", Json::from(token.kind.as_str())), ("start", start), ("end", end)])
    }))
}

/// What an editor shows of a query, with warnings where there is a cluster to hold it against.
pub(crate) fn diagnosis(text: &str, cluster: Option<&Cluster>) -> String {
    let diagnosis = cluster.map_or_else(|| report::diagnose(text), |cluster| cluster.diagnose(text));
    let diagnostics = diagnosis.diagnostics.iter().map(|one| {
        let suggestions = one.suggestions.iter().map(|suggestion| {
            Json::object([("text", Json::from(suggestion.text.as_str())), ("span", text::span(text, suggestion.span))])
        });
        let entries = [
            ("severity", Json::from(if one.is_warning { "warning" } else { "error" })),
            ("code", Json::from(one.code)),
            ("message", Json::from(one.message.as_str())),
            ("span", text::span(text, one.span)),
            ("expected", Json::array(one.expected.iter().map(|&name| Json::from(name)))),
            ("suggestions", Json::array(suggestions)),
        ];
        Json::object(entries.into_iter().chain(one.help.as_deref().map(|help| ("help", Json::from(help)))))
    });
    let canonical = diagnosis.canonical.as_deref().map(|text| ("canonical", Json::from(text)));
    let entries = [
        ("attributeNames", Json::array(diagnosis.attribute_names.iter().map(|name| Json::from(name.as_str())))),
        ("tokens", token_list(&diagnosis.tokens, text)),
        ("diagnostics", Json::array(diagnostics)),
    ];
    print(&Json::object(canonical.into_iter().chain(entries)))
}

/// What may be written behind so many code units of a text.
pub(crate) fn completion(text: &str, units: usize, cluster: &Cluster) -> String {
    let completion = cluster.complete(text, text::byte(text, units));
    let items = completion.items.iter().map(|item| {
        let count = item.count.map(|count| ("count", Json::from(count as u64)));
        let entries = [("text", Json::from(item.text.as_str())), ("kind", Json::from(item.kind.as_str()))];
        Json::object(entries.into_iter().chain(count))
    });
    print(&Json::object([("span", text::span(text, completion.span)), ("items", Json::array(items))]))
}
