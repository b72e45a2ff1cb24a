//! Numbers of the page: doubles, of which integers up to 2⁵³ are exact.

use placewright::{Error, ErrorKind, RequestId, TaskId};

/// The integer that a double is, if it is one that an id may have.
fn integer(number: f64) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range, and compared")]
    let bits = number as u64;
    ((0.0..9_007_199_254_740_992.0).contains(&number) && from_u64(bits) == number).then_some(bits)
}

/// An integer below 2⁵³ as a double.
pub(crate) const fn from_u64(number: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "ids fit 53 bits")]
    {
        number as f64
    }
}

/// The request of a number.
pub(crate) fn request(number: f64) -> Result<RequestId, Error> {
    let known = integer(number).and_then(RequestId::from_u64);
    known.ok_or_else(|| Error::with_message(ErrorKind::StaleHandle, "no request has this number"))
}

/// The task of a number.
pub(crate) fn task(number: f64) -> Result<TaskId, Error> {
    let known = integer(number).and_then(TaskId::from_u64);
    known.ok_or_else(|| Error::with_message(ErrorKind::TaskNotFound, "no task has this number"))
}

/// The request of an integer.
pub(crate) fn request_of(number: i64) -> Result<RequestId, Error> {
    let known = u64::try_from(number).ok().and_then(RequestId::from_u64);
    known.ok_or_else(|| Error::with_message(ErrorKind::StaleHandle, "no request has this number"))
}

/// The task of an integer.
pub(crate) fn task_of(number: i64) -> Result<TaskId, Error> {
    let known = u64::try_from(number).ok().and_then(TaskId::from_u64);
    known.ok_or_else(|| Error::with_message(ErrorKind::TaskNotFound, "no task has this number"))
}
