//! Task definitions by family and revision, refused ones with the reason, so that every use of one can repeat it.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;

use super::definition;
use crate::definition::TaskDefinition;
use crate::error::{Error, ErrorKind, nearest};
use crate::json::{Fields, Json};
use crate::limits::{ECS_DEFINITION_BYTES_MAX, ECS_REVISION_MAX};

/// One revision of a family.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The text it came as: canonical JSON with its revision.
    pub(crate) source: Box<str>,
    /// What it says, or why it is refused.
    pub(crate) definition: Result<Arc<TaskDefinition>, Error>,
}

/// Family and revision.
pub(crate) type Key = (String, u32);

/// The definitions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Book {
    /// By family and revision.
    entries: BTreeMap<Key, Entry>,
    /// By family: its newest revision, which is the one given last.
    newest: BTreeMap<String, u32>,
}

/// What a place in the book held before it was changed.
#[derive(Debug, Clone)]
pub(crate) struct Before {
    /// The entry.
    entry: Option<Entry>,
    /// The newest revision of its family.
    newest: Option<u32>,
}

impl Book {
    /// Every revision, by family, the newest of each family last.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key, &Entry)> {
        self.newest.iter().flat_map(|(family, &newest)| {
            let others = self.revisions(family).filter(move |((_, revision), _)| *revision != newest);
            others.chain(self.entries.get_key_value(&(family.clone(), newest)))
        })
    }

    /// Names of those that were accepted, by family, the newest of each family last.
    pub(crate) fn accepted_names(&self) -> impl Iterator<Item = String> {
        let accepted = self.iter().filter(|(_, entry)| entry.definition.is_ok());
        accepted.map(|((family, revision), _)| format!("{family}:{revision}"))
    }

    /// Puts an entry in, which becomes the newest of its family; gives back what to restore.
    pub(crate) fn set(&mut self, key: Key, entry: Entry) -> Before {
        let newest = self.newest.insert(key.0.clone(), key.1);
        Before { entry: self.entries.insert(key, entry), newest }
    }

    /// Undoes the setting of a key.
    #[inline(never)]
    pub(crate) fn restore(&mut self, key: Key, before: Before) {
        match before.newest {
            Some(newest) => self.newest.insert(key.0.clone(), newest),
            None => self.newest.remove(&key.0),
        };
        match before.entry {
            Some(entry) => self.entries.insert(key, entry),
            None => self.entries.remove(&key),
        };
    }

    /// Every revision of a family, by number.
    fn revisions(&self, family: &str) -> impl DoubleEndedIterator<Item = (&Key, &Entry)> {
        self.entries.range((String::from(family), 0)..=(String::from(family), u32::MAX))
    }

    /// Reads a definition and finds its place: the revision it names, or the one after the highest.
    ///
    /// # Errors
    /// Only for an object that names no family or a family without revisions left, as it could not be named later, and for
    /// one that nests too deeply to be kept. What else is wrong stands in the entry.
    pub(crate) fn read(&self, value: &Json<'_>) -> Result<(Key, Entry), Error> {
        let fields = unwrapped(super::instance::preservable(value)?)?;
        let family = String::from(fields.required_with("family", super::text::kept)?);
        let named = fields.optional_with("revision", definition::revision)?;
        let next = || self.revisions(&family).next_back().map_or(1, |((_, revision), _)| revision + 1);
        let revision = named.unwrap_or_else(next);
        if i64::from(revision) > ECS_REVISION_MAX {
            let message = format!("family `{family}` has no revision left");
            return Err(Error::with_message(ErrorKind::LimitExceeded, message));
        }
        let source = with_revision(fields, revision);
        let parsed = if source.len() > ECS_DEFINITION_BYTES_MAX {
            let message = format!(
                "a task definition has at most {ECS_DEFINITION_BYTES_MAX} bytes, this one has {}",
                source.len()
            );
            Err(Error::with_message(ErrorKind::LimitExceeded, message))
        } else {
            definition::read(fields)
        };
        let definition = parsed.map(|definition| Arc::new(definition.with_revision(revision)));
        Ok(((family, revision), Entry { source: source.into_boxed_str(), definition }))
    }

    /// The definition that `family`, `family:revision` or an ARN names.
    ///
    /// # Errors
    /// [`ErrorKind::DefinitionNotFound`], or the reason it was refused for.
    pub(crate) fn find(&self, text: &str) -> Result<&Arc<TaskDefinition>, Error> {
        match self.entry(text) {
            Some(entry) => entry.definition.as_ref().map_err(Clone::clone),
            None => Err(self.not_found(text)),
        }
    }

    /// The definition that `family`, `family:revision` or an ARN names, unless it was refused.
    pub(crate) fn accepted(&self, text: &str) -> Option<&Arc<TaskDefinition>> {
        self.entry(text)?.definition.as_ref().ok()
    }

    /// The entry that `family`, `family:revision` or an ARN names.
    fn entry(&self, text: &str) -> Option<&Entry> {
        let name = super::names::short(text);
        match name.rsplit_once(':') {
            Some((family, revision)) => {
                let is_number = !revision.is_empty() && revision.bytes().all(|byte| byte.is_ascii_digit());
                let revision = is_number.then(|| revision.parse::<u32>().ok()).flatten()?;
                self.entries.get(&(String::from(family), revision))
            }
            None => self.entries.get(&(String::from(name), *self.newest.get(name)?)),
        }
    }

    /// The error for a name without definition.
    #[cold]
    fn not_found(&self, text: &str) -> Error {
        let error = Error::with_message(ErrorKind::DefinitionNotFound, format!("no task definition is named `{text}`"));
        match nearest(text, self.entries.keys().map(|(family, _)| family.as_str())) {
            Some(near) if near != text => error.with_help(format!("did you mean `{near}`?")),
            _ => error,
        }
    }
}

/// The definition itself: the object, or the one inside describe output.
pub(super) fn unwrapped<'j, 'a>(value: &'j Json<'a>) -> Result<Fields<'j, 'a>, Error> {
    let fields = value.as_fields()?;
    Ok(fields.optional_fields("taskDefinition")?.unwrap_or(fields))
}

/// The definition as canonical JSON, with its revision.
fn with_revision(fields: Fields<'_, '_>, revision: u32) -> String {
    let rest = fields.iter().filter(|(key, _)| *key != "revision").map(|(key, value)| (key, value.clone()));
    Json::object(rest.chain([("revision", Json::from(revision))])).to_canonical()
}
