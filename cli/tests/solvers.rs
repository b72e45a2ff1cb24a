//! The pages of solvers (`core/docs/solvers`): there is one for each, their commands print what they say, and other solvers
//! come to what their tables say of the same problem.

use std::fs;

use placewright::pack::Solver;
use serde_json::{Value, json};

use crate::{root, run_with};

/// A page's text.
fn page(name: &str) -> String {
    let path = root().join("core/docs/solvers").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands in the blocks of a language, in order.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let parts = page.split(&format!("\n```{language}\n")).skip(1).collect::<Vec<_>>();
    parts.into_iter().map(|part| part.split("\n```").next().unwrap()).collect()
}

/// A command that reads what stands up to `END`: its arguments and that text.
fn command(block: &str) -> (Vec<&str>, &str) {
    let (line, rest) = block.split_once('\n').unwrap();
    let line = line.strip_suffix(" <<'END'").unwrap_or_else(|| panic!("{line}"));
    (line.split_whitespace().skip(1).collect(), rest.strip_suffix("\nEND").unwrap())
}

/// A line without the time it took, which is the machine's.
fn without_time(line: &str) -> String {
    match line.strip_suffix(" ms") {
        Some(line) => line.trim_end_matches(|letter: char| letter.is_ascii_digit()).to_string(),
        None => line.to_string(),
    }
}

#[test]
fn every_solver_has_a_page_that_the_overview_leads_to() {
    let overview = fs::read_to_string(root().join("core/docs/packing.md")).unwrap();
    let documentation = fs::read_to_string(root().join("core/src/lib.rs")).unwrap();
    let mut names: Vec<String> = Solver::ALL
        .into_iter()
        .filter(|solver| *solver != Solver::Auto)
        .map(|solver| format!("{}.md", solver.as_str()))
        .collect();
    for name in &names {
        let solver = name.trim_end_matches(".md");
        let page = page(name);
        assert!(page.starts_with(&format!("# `{solver}`\n")), "{name}");
        for part in ["Source", "Complexity", "When it wins, and when it loses", "Options and limits", "Example"] {
            assert!(page.contains(&format!("\n## {part}\n")), "{name} has no part `{part}`");
        }
        assert!(overview.contains(&format!("[`{solver}`](solvers/{name})")), "the overview does not lead to {name}");
        assert!(documentation.contains(&format!("docs/solvers/{name}\")")), "{name} is no part of the documentation");
    }
    let there = fs::read_dir(root().join("core/docs/solvers")).unwrap();
    let mut there: Vec<String> = there.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    there.sort();
    assert_eq!(names, there);
}

#[test]
fn links_of_the_pages_lead_somewhere() {
    let mut number = 0;
    let folder = root().join("core/docs");
    let mut files: Vec<_> = fs::read_dir(folder.join("solvers")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.extend(["packing.md", "fleet.md", "rearrange.md"].map(|name| folder.join(name)));
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for link in text.split("](").skip(1).map(|part| part.split(')').next().unwrap()) {
            let target = file.parent().unwrap().join(link.split('#').next().unwrap());
            assert!(link.contains("://") || target.exists(), "{}: {link}", file.display());
            number += 1;
        }
    }
    assert!(number > 20, "{number} links");
}

#[test]
fn examples_of_the_pages_print_what_they_say() {
    for solver in Solver::ALL.into_iter().filter(|solver| *solver != Solver::Auto) {
        let name = solver.as_str();
        let page = page(&format!("{name}.md"));
        let (inputs, outputs) = (blocks(&page, "sh"), blocks(&page, "text"));
        assert!(inputs.len() == 1 && outputs.len() == 1, "{name}");
        let (args, problem) = command(inputs[0]);
        let output = run_with(&args, problem.as_bytes());
        assert_eq!((output.code, output.err.as_str()), (Some(0), ""), "{name}");
        let lines = |text: &str| text.trim_end().lines().map(without_time).collect::<Vec<_>>();
        assert_eq!(lines(&output.out), lines(outputs[0]), "{name}");
        assert!(output.out.contains(&format!("\nsolver  {name}, ")), "{name} did not find it: {}", output.out);
        // The same problem by others.
        let mut problem: Value = serde_json::from_str(problem).unwrap();
        let table = page.split("\n| `solver` | value |\n|---|---|\n").nth(1).unwrap();
        let rows: Vec<&str> = table.lines().take_while(|line| line.starts_with("| ")).collect();
        assert_eq!(rows.len(), Solver::ALL.len() - 1, "{name}");
        for row in rows {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let other = cells[0].trim_matches('`');
            problem["options"]["solver"] = json!(other);
            let output = run_with(&["pack", "-"], problem.to_string().as_bytes());
            let answer: Value = serde_json::from_str(&output.out).unwrap();
            assert_eq!(answer["value"].to_string(), cells[1].trim_matches('*'), "{name}: {other}");
        }
    }
}
