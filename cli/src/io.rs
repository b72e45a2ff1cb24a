//! Files and standard streams, and what can go wrong with them.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use placewright::limits::JSON_BYTES_MAX;

/// Why a command came to nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The input is unusable, in one line.
    Input(String),
    /// The input is unusable, in several lines that show where.
    Text(String),
    /// Nobody reads the output any more.
    Closed,
    /// The output, or the file of `--export`, cannot be written.
    Output(String),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Input(message)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Closed
        } else {
            Self::Output(format!("cannot write: {error}"))
        }
    }
}

/// The text of a file, or of standard input for `-`.
///
/// # Errors
/// For what cannot be read, is too large, or is not UTF-8.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let name = name(path);
    let cannot = |error: io::Error| Failure::Input(format!("cannot read {name}: {error}"));
    let mut bytes = Vec::new();
    let most = JSON_BYTES_MAX as u64 + 1;
    if path.as_os_str() == "-" {
        io::stdin().lock().take(most).read_to_end(&mut bytes).map_err(cannot)?;
    } else {
        File::open(path).map_err(cannot)?.take(most).read_to_end(&mut bytes).map_err(cannot)?;
    }
    if bytes.len() > JSON_BYTES_MAX {
        return Err(Failure::Input(format!("{name} has more than {JSON_BYTES_MAX} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        Failure::Input(format!("{name} is not UTF-8 from byte {} on", error.utf8_error().valid_up_to()))
    })
}

/// Refuses inputs of which more than one is standard input.
///
/// # Errors
/// When more than one is.
pub(crate) fn check_standard_input<'p>(inputs: impl Iterator<Item = &'p PathBuf>) -> Result<(), Failure> {
    if inputs.filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(Failure::Input("only one file can be standard input".to_string()));
    }
    Ok(())
}

/// What an input is called in messages.
pub(crate) fn name(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_string() } else { path.display().to_string() }
}

/// Writes to standard output, all of it.
///
/// # Errors
/// When it is closed or full.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Tells standard error in one line. Whether anybody reads it is no matter.
pub(crate) fn complain(message: &str) {
    complain_at_length(&one_line(message));
}

/// Tells standard error in as many lines as the text has.
pub(crate) fn complain_at_length(text: &str) {
    drop(writeln!(io::stderr().lock(), "placewright: {text}"));
}

/// The text with every control character written out, so that it stays on one line.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line
}
