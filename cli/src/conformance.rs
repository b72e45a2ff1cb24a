//! `conformance`: checks every case below a folder and counts the verdicts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use placewright::testkit::conformance::{self, CheckOptions, Report, Verdict};
use placewright::testkit::packing;

use crate::args::ConformanceArgs;
use crate::io::{self, Failure};

/// Name of the sub-folder whose cases run in the given order only.
const ORDERED: &str = "ordered";
/// Most levels of folders below the one given.
const FOLDERS_DEPTH_MAX: usize = 32;

/// What became of the case of one file.
struct Checked {
    /// The report; of a packing case, without placements.
    report: Report,
    /// What the digest of packing takes of it; `None` for a case of placing.
    packing: Option<String>,
}

/// Checks every case; a line for each, the digest of each format that is there, and the counts.
pub(crate) fn run(args: &ConformanceArgs) -> Result<ExitCode, Failure> {
    let mut files = Vec::new();
    find(&args.dir, 0, &mut files)?;
    files.sort();
    if files.is_empty() {
        return Err(Failure::Input(format!("no case below {}", args.dir.display())));
    }
    let (mut passed, mut failed, mut skipped) = (0_usize, 0_usize, 0_usize);
    let mut reports: Vec<Report> = Vec::new();
    let mut packings: Vec<(String, String)> = Vec::new();
    for file in &files {
        let Checked { mut report, packing } = check(file, &args.dir);
        let known = packings.iter().map(|(id, _)| id).chain(reports.iter().map(|other| &other.id));
        if known.clone().any(|other| *other == report.id) {
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
        match packing {
            Some(line) => packings.push((report.id, line)),
            None => reports.push(report),
        }
    }
    if !packings.is_empty() {
        let lines = packings.iter().map(|(id, line)| (id.as_str(), line.as_str()));
        io::print(&format!("digest of packing {}\n", packing::digest(lines)))?;
    }
    if packings.is_empty() || !reports.is_empty() {
        io::print(&format!("digest {}\n", conformance::digest(&reports)))?;
    }
    io::print(&format!("{passed} passed, {failed} failed, {skipped} skipped\n"))?;
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

/// Checks the case of one file, whose key `format` says which kind it is.
fn check(file: &Path, root: &Path) -> Checked {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let below = file.strip_prefix(root).unwrap_or(file).parent();
    let is_ordered = below.is_some_and(|below| below.components().any(|folder| folder.as_os_str() == ORDERED));
    let text = match io::read(file) {
        Ok(text) => text,
        Err(failure) => {
            let reason = if let Failure::Input(reason) = failure { reason } else { "cannot be read".to_string() };
            return Checked { report: Report::new(stem, Verdict::Fail(vec![reason])), packing: None };
        }
    };
    if packing::is_case(&text) {
        let packing::Report { id, verdict, line } = packing::check(&text);
        return Checked { report: named(Report::new(id, verdict), stem), packing: Some(line) };
    }
    let start = Instant::now();
    let mut clock = || u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let report = conformance::check(&text, &CheckOptions { is_ordered }, &mut clock);
    let mut report = named(report, stem);
    if let Some(late) = late(&report).filter(|_| !cfg!(debug_assertions)) {
        add_reason(&mut report, late);
    }
    Checked { report, packing: None }
}

/// The report under the name of its file, which its id should be.
fn named(mut report: Report, stem: String) -> Report {
    if report.id.is_empty() {
        report.id = stem;
    } else if report.id != stem {
        let reason = format!("its id is not the name of its file, `{stem}`");
        add_reason(&mut report, reason);
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
