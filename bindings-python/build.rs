//! Takes the docstrings of the compiled classes and functions out of the type stub, so that they are written once.
//!
//! Writes `docs.rs` with the macro `stub!`, which `src/lib.rs` includes: `stub!(Cluster.place)` is the docstring of that method,
//! `stub!(compile)` that of a function or class, `stub!()` that of the module. What is public in the stub must have one.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

/// Where the stub is, from the folder of the package: that of the manifest, and in a source distribution the one above it, where
/// maturin puts the Python part.
const STUB: &str = "python/placewright/_native.pyi";
/// What opens a docstring, and closes it.
const QUOTES: &str = "\"\"\"";

/// A docstring, and whose it is: `Cluster.place`, `compile`, or nothing for the module.
type Documented = (String, String);

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    match write_docs() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            println!("cargo::error={fault}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the stub and writes the macro.
fn write_docs() -> Result<(), String> {
    let folder = |name: &str| env::var(name).map_err(|fault| format!("{name}: {fault}; cargo sets it"));
    let manifest = folder("CARGO_MANIFEST_DIR")?;
    let mut places = Path::new(&manifest).ancestors().take(2).map(|folder| folder.join(STUB));
    let stub = places
        .find(|stub| stub.is_file())
        .ok_or(format!("{STUB} is neither in {manifest} nor in the folder above it; the docstrings stand there"))?;
    println!("cargo::rerun-if-changed={}", stub.display());
    let text = fs::read_to_string(&stub).map_err(|fault| format!("{}: {fault}", stub.display()))?;
    let mut source = "macro_rules! stub {\n".to_string();
    for (name, doc) in Stub::new(&text).read()? {
        // Writing to a string does not fail.
        let _ = writeln!(source, "    ({name}) => {{ {doc:?} }};");
    }
    let _ = writeln!(
        source,
        "    ($($name:tt)*) => {{ compile_error!(concat!(\"{STUB} has no docstring of `\", stringify!($($name)*), \"`\")) }};\n}}"
    );
    let docs = Path::new(&folder("OUT_DIR")?).join("docs.rs");
    fs::write(&docs, source).map_err(|fault| format!("{}: {fault}", docs.display()))
}

/// The stub, as far as it is read. It is as formatters leave it: methods are indented by four spaces, docstrings have three quotes.
struct Stub<'t> {
    /// Its lines.
    lines: Vec<&'t str>,
    /// The line to be read.
    at: usize,
}

impl<'t> Stub<'t> {
    /// A stub of which nothing is read.
    fn new(text: &'t str) -> Self {
        Self { lines: text.lines().collect(), at: 0 }
    }

    /// Every docstring; those of private classes and of what is in them aside.
    fn read(mut self) -> Result<Vec<Documented>, String> {
        let mut found = Vec::new();
        found.extend(self.docstring("the module")?.map(|doc| (String::new(), doc)));
        let mut class = "";
        while let Some(&line) = self.lines.get(self.at) {
            let item = line.trim_start();
            let (is_class, Some(rest)) = (item.starts_with("class "), after_keyword(item)) else {
                self.at += 1;
                continue;
            };
            let name = rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default();
            let is_method = line.starts_with(' ');
            if !is_method {
                class = if is_class { name } else { "" };
            }
            let path = if is_method { format!("{class}.{name}") } else { name.to_string() };
            let begun = self.at + 1;
            let has_body = self.skip_signature(&path)?;
            let doc = if has_body { self.docstring(&path)? } else { None };
            if class.starts_with('_') {
                continue;
            }
            match doc {
                Some(doc) => found.push((path, doc)),
                None if name.starts_with('_') => {}
                None => {
                    return Err(format!("{STUB}:{begun}: `{path}` is public and has no docstring; write one below it"));
                }
            }
        }
        Ok(found)
    }

    /// Goes past the colon that ends a signature; whether a body follows on lines of its own.
    fn skip_signature(&mut self, path: &str) -> Result<bool, String> {
        let begun = self.at + 1;
        let (mut depth, mut quote) = (0_usize, None);
        while let Some(&line) = self.lines.get(self.at) {
            self.at += 1;
            for (at, letter) in line.char_indices() {
                match (quote, letter) {
                    (Some(open), _) => quote = quote.filter(|_| letter != open),
                    (None, '"' | '\'') => quote = Some(letter),
                    (None, '(' | '[' | '{') => depth += 1,
                    (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
                    (None, ':') if depth == 0 => return Ok(line[at + 1..].trim().is_empty()),
                    _ => {}
                }
            }
        }
        Err(format!("{STUB}:{begun}: the signature of `{path}` does not end"))
    }

    /// The docstring that begins in this line, as `inspect.cleandoc` has it.
    fn docstring(&mut self, path: &str) -> Result<Option<String>, String> {
        let begun = self.at + 1;
        let Some(first) = self.lines.get(self.at).and_then(|line| line.trim_start().strip_prefix(QUOTES)) else {
            return Ok(None);
        };
        let mut lines = vec![first];
        while !lines[lines.len() - 1].contains(QUOTES) {
            self.at += 1;
            match self.lines.get(self.at) {
                Some(line) => lines.push(line),
                None => return Err(format!("{STUB}:{begun}: the docstring of `{path}` does not end")),
            }
        }
        self.at += 1;
        if let Some(last) = lines.last_mut() {
            *last = last.split(QUOTES).next().unwrap_or_default();
        }
        if lines.iter().any(|line| line.contains(['\\', '\t', '\0'])) {
            return Err(format!(
                "{STUB}:{begun}: the docstring of `{path}` has a backslash, a tab or a zero; do without"
            ));
        }
        let is_blank = |line: &str| line.trim().is_empty();
        let indent = |line: &&str| line.len() - line.trim_start().len();
        let margin = lines[1..].iter().filter(|line| !is_blank(line)).map(indent).min().unwrap_or(0);
        let cut =
            |(at, line): (usize, &&'t str)| if at == 0 { line.trim_start() } else { line.get(margin..).unwrap_or("") };
        let doc = lines.iter().enumerate().map(cut).collect::<Vec<_>>().join("\n");
        let doc = doc.trim_matches('\n').trim_end();
        if doc.is_empty() {
            return Err(format!("{STUB}:{begun}: the docstring of `{path}` is empty"));
        }
        Ok(Some(doc.to_string()))
    }
}

/// What follows the keyword of a class or function.
fn after_keyword(item: &str) -> Option<&str> {
    ["class ", "def ", "async def "].iter().find_map(|keyword| item.strip_prefix(keyword))
}
