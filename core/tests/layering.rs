//! The picture of the layers, held against every `use crate::` line of the source.

use std::fs;
use std::path::Path;

/// Modules, lowest layer first. A module may use what stands on lines above its own, and what stands to its left.
const LAYERS: [&[&str]; 11] = [
    &["limits", "error", "id", "resource", "eni", "prefetch"],
    &["attribute"],
    &["expr"],
    &["instance", "demand", "workload", "state"],
    &["index"],
    &["definition", "constraint", "strategy", "request", "outcome"],
    &["select"],
    &["counters", "memory", "prepared", "view", "transaction", "cluster", "fingerprint", "usage"],
    &["report", "pack"],
    &["planner"],
    &["json", "adapter", "wire", "testkit"],
];

/// Uses that go against the picture on purpose, with the reason.
const EXCEPTIONS: [(&str, &str, &str); 1] =
    [("transaction", "cluster", "the guard dereferences to the cluster it guards, and the cluster makes it")];

/// Where a module stands: line, and place on the line.
fn place(module: &str) -> Option<(usize, usize)> {
    LAYERS
        .iter()
        .enumerate()
        .find_map(|(line, names)| names.iter().position(|name| *name == module).map(|column| (line, column)))
}

/// Calls `visit` with every source file below `folder` and the module of the first level it belongs to.
fn visit(folder: &Path, module: Option<&str>, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let module = module.unwrap_or(&stem);
        if path.is_dir() {
            visit(&path, Some(module), files);
        } else if module != "lib" {
            files.push((module.to_owned(), fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Modules a source names through `crate::`, outside comments.
fn named(source: &str) -> Vec<String> {
    let code = source.lines().map(|line| line.split("//").next().unwrap_or_default());
    let code: String = code.collect::<Vec<_>>().join("\n");
    code.match_indices("crate::")
        .map(|(at, found)| {
            let rest = &code[at + found.len()..];
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
        })
        .collect()
}

#[test]
fn every_module_uses_only_what_lies_below_it() {
    let mut files = Vec::new();
    visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), None, &mut files);
    assert!(files.len() > 30, "the source was not found");
    let mut wrong = Vec::new();
    for (module, source) in &files {
        let own = place(module).unwrap_or_else(|| panic!("module `{module}` has no layer"));
        for used in named(source) {
            let Some(other) = place(&used) else { continue };
            let excepted = EXCEPTIONS.iter().any(|&(from, to, _)| from == module && to == used);
            if used != *module && other > own && !excepted {
                wrong.push(format!("{module} uses {used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_picture_itself_is_held_to() {
    assert!(place("state") < place("index"));
    assert!(place("index") < place("select"));
    assert_eq!(named("use crate::state::State; // crate::cluster\n"), ["state"]);
}
