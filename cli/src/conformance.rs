//! `conformance`: checks every case below a folder and counts the verdicts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use placewright::testkit::conformance::{self, CheckOptions, Report, Verdict};

use crate::args::ConformanceArgs;
use crate::io::{self, Failure};

/// Name of the sub-folder whose cases run in the given order only.
const ORDERED: &str = "ordered";
/// Most levels of folders below the one given.
const FOLDERS_DEPTH_MAX: usize = 32;

/// Checks every case; a line for each, the digest, and the counts.
pub(crate) fn run(args: &ConformanceArgs) -> Result<ExitCode, Failure> {
    let mut files = Vec::new();
    find(&args.dir, 0, &mut files)?;
    files.sort();
    if files.is_empty() {
        return Err(Failure::Input(format!("no case below {}", args.dir.display())));
    }
    let (mut passed, mut failed, mut skipped) = (0_usize, 0_usize, 0_usize);
    let mut reports: Vec<Report> = Vec::new();
    for file in &files {
        let mut report = check(file, &args.dir);
        if reports.iter().any(|other| other.id == report.id) {
            add_reason(&mut report, "another case has the same id".to_string());
        }
        let id = io::one_line(&report.id);
        let line = match &report.verdict {
            Verdict::Pass => {
                passed += 1;
                let late = late(&report).map(|late| format!(" ({late}; a debug build may)")).unwrap_or_default();
                let gap = report.oracle_gap.filter(|_| args.verbose);
                let gap = gap.map(|gap| format!(" (without the oracle, which lacks {gap})")).unwrap_or_default();
                format!("pass {id}{late}{gap}\n")
            }
            Verdict::Skip(feature) => {
                skipped += 1;
                format!("skip {id}: {}\n", io::one_line(feature))
            }
            Verdict::Fail(reasons) => {
                failed += 1;
                let shown = if args.verbose { reasons.len() } else { 1 };
                let reasons: Vec<String> = reasons.iter().take(shown).map(|reason| io::one_line(reason)).collect();
                format!("fail {id}: {}\n", reasons.join("\n  "))
            }
        };
        io::print(&line)?;
        reports.push(report);
    }
    io::print(&format!(
        "digest {}\n{passed} passed, {failed} failed, {skipped} skipped\n",
        conformance::digest(&reports)
    ))?;
    Ok(if failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Every file `*.json` below a folder.
fn find(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure::Input(format!("cannot read {}: {error}", folder.display()));
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if path.is_dir() && depth < FOLDERS_DEPTH_MAX {
            find(&path, depth + 1, files)?;
        } else if path.is_file() && path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    Ok(())
}

/// Checks the case of one file.
fn check(file: &Path, root: &Path) -> Report {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let below = file.strip_prefix(root).unwrap_or(file).parent();
    let is_ordered = below.is_some_and(|below| below.components().any(|folder| folder.as_os_str() == ORDERED));
    let text = match io::read(file) {
        Ok(text) => text,
        Err(failure) => {
            let reason = if let Failure::Input(reason) = failure { reason } else { "cannot be read".to_string() };
            return Report::new(stem, Verdict::Fail(vec![reason]));
        }
    };
    let start = Instant::now();
    let mut clock = || u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut report = conformance::check(&text, &CheckOptions { is_ordered }, &mut clock);
    if report.id.is_empty() {
        report.id = stem;
    } else if report.id != stem {
        let reason = format!("its id is not the name of its file, `{stem}`");
        add_reason(&mut report, reason);
    }
    if let Some(late) = late(&report).filter(|_| !cfg!(debug_assertions)) {
        add_reason(&mut report, late);
    }
    report
}

/// By how much the case took longer than it allows, in words.
fn late(report: &Report) -> Option<String> {
    let most = report.millis_max.filter(|&most| report.millis > most)?;
    Some(format!("took {} ms of the {most} it allows", report.millis))
}

/// Makes a case fail for one reason more.
fn add_reason(report: &mut Report, reason: String) {
    match &mut report.verdict {
        Verdict::Fail(reasons) => reasons.push(reason),
        verdict => *verdict = Verdict::Fail(vec![reason]),
    }
}
