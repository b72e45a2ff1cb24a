//! What a page gives beside a document: options, which go where the document would have them.

use std::borrow::Cow;
use std::mem::take;

use placewright::json::Json;
use placewright::{Error, ErrorKind};
use placewright_wasm_edge::Fault;

/// A document with what was given beside it. A key that both have is an error, unless it is null in the document.
pub(crate) fn merge<'j>(document: &mut Json<'j>, mut given: Json<'j>) -> Result<(), Fault> {
    // What is no object is for the reader to refuse.
    let (Json::Object(entries), Json::Object(more)) = (document, &mut given) else { return Ok(()) };
    for (key, mut value) in take(more) {
        match find(entries, &key) {
            None => entries.push((key, value)),
            Some(Json::Object(inner)) => {
                let Json::Object(values) = &mut value else { return Err(twice(&key, None)) };
                for (name, value) in take(values) {
                    match find(inner, &name) {
                        None => inner.push((name, value)),
                        Some(_) => return Err(twice(&name, Some(&key))),
                    }
                }
            }
            Some(_) => return Err(twice(&key, None)),
        }
    }
    Ok(())
}

/// The value of a key; one that is null is taken out and is none.
fn find<'e, 'j>(entries: &'e mut Vec<(Cow<'j, str>, Json<'j>)>, key: &str) -> Option<&'e mut Json<'j>> {
    entries.retain(|(known, value)| known != key || !matches!(value, Json::Null));
    entries.iter_mut().find(|(known, _)| known == key).map(|(_, value)| value)
}

/// The error for a key that is given twice.
#[cold]
fn twice(key: &str, inside: Option<&str>) -> Fault {
    let error = Error::with_message(ErrorKind::InvalidParameter, format!("`{key}` is given twice")).in_path(key);
    let error = error.with_help("say it in the document or beside it");
    inside.map_or(error.clone(), |outer| error.in_path(outer)).into()
}
