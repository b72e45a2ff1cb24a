//! Documents that a page gives: texts → trees and clusters.

use placewright::adapter::{Session, SessionOptions, Watch};
use placewright::json::Json;
use placewright::{Error, ErrorKind, wire};

use crate::fault::Fault;

/// The tree of a text.
///
/// # Errors
/// For a text that is no JSON, with the text.
pub fn read(text: &str) -> Result<Json<'_>, Fault> {
    Json::parse(text).map_err(|error| Fault::of_text(error, text))
}

/// The tree of a text, watched.
///
/// # Errors
/// As [`read`], and where the watch stopped it.
pub fn read_watched<'t>(text: &'t str, watch: Watch<'_>) -> Result<Json<'t>, Fault> {
    match Json::parse_watched(text, watch) {
        Ok(Some(tree)) => Ok(tree),
        Ok(None) => Err(Fault::Stopped),
        Err(error) => Err(Fault::of_text(error, text)),
    }
}

/// The cluster of a document: describe output, the array of instances alone, or an exported state, which has its own options.
///
/// # Errors
/// Whatever is wrong with the document, and where the watch stopped it.
pub fn session(document: &Json<'_>, options: Option<SessionOptions>, watch: Watch<'_>) -> Result<Session, Fault> {
    let session = if wire::is_exported(document) {
        if options.is_some() {
            let error = Error::with_message(ErrorKind::InvalidParameter, "an exported state has its own options");
            return Err(error.with_help("leave them out").into());
        }
        Session::import_watched(document, watch)
    } else {
        let options = options.unwrap_or_default();
        if matches!(document, Json::Array(_)) {
            let wrapped = Json::object([("containerInstances", document.clone())]);
            Session::from_json_watched(&wrapped, options, watch)
        } else {
            Session::from_json_watched(document, options, watch)
        }
    };
    session.map_err(|error| Fault::in_tree(error, document))?.ok_or(Fault::Stopped)
}
