//! Several documents of ECS's shapes read as one: a describe call tells of at most 100 instances or tasks, so a cluster comes
//! in pieces.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem::take;

use hashbrown::HashMap;

use super::{Session, SessionOptions, Watch};
use crate::error::{Error, ErrorKind};
use crate::json::Json;

/// Arrays of a cluster document; those of several documents go on one behind the other.
const ARRAYS: [&str; 4] = ["containerInstances", "tasks", "taskDefinitions", "xResources"];

/// Documents put together.
///
/// # Example
/// ```
/// use placewright::adapter::{Documents, SessionOptions};
/// use placewright::json::Json;
///
/// let mut documents = Documents::new();
/// documents.add(Json::parse(r#"{"containerInstances": [{"containerInstanceArn": "a"}]}"#)?)?;
/// documents.add(Json::parse(r#"[{"containerInstanceArn": "b"}]"#)?)?;
/// assert_eq!(documents.locate("containerInstances[1].status"), Some((1, "containerInstances[0].status".to_string())));
/// assert_eq!(documents.session(SessionOptions::default())?.cluster().instances().count(), 2);
/// # Ok::<(), placewright::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Documents<'a> {
    /// The entries of all.
    merged: Json<'a>,
    /// By document: how many elements each of [`ARRAYS`] has in it.
    lengths: Vec<[usize; ARRAYS.len()]>,
    /// Where each subnet stands in `xSubnets`.
    subnets: HashMap<Cow<'a, str>, usize>,
}

impl Default for Documents<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> Documents<'a> {
    /// No document.
    #[must_use]
    pub fn new() -> Self {
        Self { merged: Json::object([]), lengths: Vec::new(), subnets: HashMap::new() }
    }

    /// Adds a document to those before, or the array of its instances alone: arrays and `xSubnets` go on, of anything else
    /// that of the first document stays.
    ///
    /// # Errors
    /// For what is no cluster document, and for a subnet that has another zone in a document before. Nothing was added then.
    pub fn add(&mut self, document: Json<'a>) -> Result<(), Error> {
        let document = match document {
            Json::Array(_) => Json::object([("containerInstances", document)]),
            other => other,
        };
        let lengths = array_lengths(&document)?;
        self.check_zones(&document)?;
        self.merge(document);
        self.lengths.push(lengths);
        Ok(())
    }

    /// All of them as one document, which is taken out; [`locate`](Self::locate) still knows the pieces.
    #[must_use]
    pub fn take_json(&mut self) -> Json<'a> {
        self.subnets.clear();
        core::mem::replace(&mut self.merged, Json::object([]))
    }

    /// A session from all of them; see [`Session::from_json_tree`].
    ///
    /// # Errors
    /// Whatever is wrong with an instance or a task, with its path in the whole; [`locate`](Self::locate) finds the document.
    pub fn session(&self, options: SessionOptions) -> Result<Session, Error> {
        Session::from_json_tree(&self.merged, options)
    }

    /// As [`session`](Self::session), watched; see [`Session::from_json_watched`].
    ///
    /// # Errors
    /// Those of [`session`](Self::session).
    pub fn session_watched(&self, options: SessionOptions, watch: Watch<'_>) -> Result<Option<Session>, Error> {
        Session::from_json_watched(&self.merged, options, watch)
    }

    /// The document that a path of the whole leads into, counted from 0, and the path there; `None` for a path that leads into
    /// no array.
    #[must_use]
    pub fn locate(&self, path: &str) -> Option<(usize, String)> {
        let (key, rest) = path.split_once('[')?;
        let (number, rest) = rest.split_once(']')?;
        let (array, mut number) = (ARRAYS.iter().position(|array| *array == key)?, number.parse::<usize>().ok()?);
        for (document, lengths) in self.lengths.iter().enumerate() {
            match number.checked_sub(lengths[array]) {
                None => return Some((document, format!("{key}[{number}]{rest}"))),
                Some(beyond) => number = beyond,
            }
        }
        None
    }

    /// Refuses a subnet that has another zone already.
    fn check_zones(&self, document: &Json<'a>) -> Result<(), Error> {
        let Some(Json::Object(more)) = document.get("xSubnets") else { return Ok(()) };
        for (subnet, zone) in more {
            if let Some(before) = self.zone_of(subnet).filter(|before| *before != zone) {
                let message = format!("is {zone} here and {before} in a document before");
                let error = Error::with_message(ErrorKind::InvalidParameter, message);
                return Err(error.in_path(subnet).in_path("xSubnets"));
            }
        }
        Ok(())
    }

    /// The zone of a subnet, as the documents so far have it.
    fn zone_of(&self, subnet: &str) -> Option<&Json<'a>> {
        let Some(Json::Object(known)) = self.merged.get("xSubnets") else { return None };
        known.get(*self.subnets.get(subnet)?).map(|(_, zone)| zone)
    }

    /// Adds a document, and finds its subnets again from now on.
    fn merge(&mut self, document: Json<'a>) {
        self.merge_entries(document);
        if let Some(Json::Object(known)) = self.merged.get("xSubnets") {
            let new = known.iter().enumerate().skip(self.subnets.len());
            self.subnets.extend(new.map(|(at, (subnet, _))| (subnet.clone(), at)));
        }
    }

    /// Adds the entries of a document.
    fn merge_entries(&mut self, mut document: Json<'a>) {
        let (Json::Object(merged), Json::Object(entries)) = (&mut self.merged, &mut document) else { return };
        if self.lengths.is_empty() {
            *merged = take(entries);
            return;
        }
        for (key, mut value) in take(entries) {
            if key != "xSubnets" && !ARRAYS.contains(&&*key) {
                continue;
            }
            match merged.iter_mut().find(|(known, _)| *known == key) {
                None => merged.push((key, value)),
                Some((_, known)) => match (known, &mut value) {
                    (Json::Array(known), Json::Array(more)) => known.append(more),
                    (Json::Object(known), Json::Object(more)) => {
                        let is_new = |(subnet, _): &(Cow<'a, str>, Json<'a>)| !self.subnets.contains_key(subnet);
                        known.extend(take(more).into_iter().filter(is_new));
                    }
                    (known @ Json::Null, _) => *known = value,
                    _ => {}
                },
            }
        }
    }
}

/// How many elements each of [`ARRAYS`] has in a cluster document.
fn array_lengths(json: &Json<'_>) -> Result<[usize; ARRAYS.len()], Error> {
    let fields = json.as_fields()?;
    fields.required("containerInstances")?;
    fields.optional_fields("xSubnets")?;
    let mut lengths = [0; ARRAYS.len()];
    for (length, key) in lengths.iter_mut().zip(ARRAYS) {
        *length = fields.items(key)?.len();
    }
    Ok(lengths)
}
