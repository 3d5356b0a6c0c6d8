//! Measuring programs whose behaviour is known.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tempfile::TempDir;

use super::layout::{OwnFiles, lay_out_flat, remove_caches};
use super::process::{self, Ending, Start};
use super::{
    BenchError, BenchReport, Candidate, CandidateReport, Changes, Comparison, DiskProgram, Group, Run, RunCounts,
    Runner, Verdict, measure,
};
use crate::contents::{Contents, DataFile, EntryPoint, FileContent, Owner, SharedLibrary};
use crate::runtime::sample;

fn contents() -> Contents {
    let file = |path: &str, content: &'static [u8]| DataFile {
        path: path.to_string(),
        owner: Owner::Project,
        content: FileContent::Bytes(content.into()),
        is_executable: false,
    };
    let library = SharedLibrary {
        file: file("app/fast.so", b"library"),
        module: None,
        imported_by: None,
        reason: None,
        is_required: false,
    };
    let entry_point = EntryPoint { description: "folder".to_string(), path: "app".to_string(), is_folder: true };
    Contents {
        entry_point: Some(entry_point),
        files: vec![file("app/data.txt", b"data")],
        libraries: vec![library],
        ..Contents::default()
    }
}

#[test]
fn program_is_laid_out_beside_a_python_that_finds_its_library() {
    let folder = TempDir::new().unwrap();
    let program = DiskProgram::lay_out(&contents(), &sample::runtime(), folder.path()).unwrap();
    assert_eq!(fs::read(program.entry_point.join("data.txt")).unwrap(), b"data");
    assert_eq!(fs::read(program.entry_point.join("fast.so")).unwrap(), b"library");
    assert_eq!(fs::read(&program.python).unwrap(), b"stub");
    assert!(program.python.ends_with("python/bin/python3.13"));
    assert_eq!(program.python.metadata().unwrap().permissions().mode() & 0o111, 0o111);
    assert_eq!(fs::read_link(folder.path().join("python/lib")).unwrap(), Path::new("../root/lib"));
}

#[test]
fn caches_are_removed_before_each_run_without_them() {
    let folder = TempDir::new().unwrap();
    let program = DiskProgram::lay_out(&contents(), &sample::runtime(), folder.path()).unwrap();
    let cache = program.entry_point.join("__pycache__");
    fs::create_dir(&cache).unwrap();
    fs::write(cache.join("x.pyc"), "").unwrap();
    remove_caches(&program.folder).unwrap();
    assert!(!cache.exists() && program.entry_point.join("data.txt").exists());
}

#[test]
fn files_for_a_zip_file_stand_where_imports_look_for_them() {
    let folder = TempDir::new().unwrap();
    let mut contents = contents();
    let file = |path: &str, owner| DataFile {
        path: path.to_owned(),
        owner,
        content: FileContent::Bytes(b"x"[..].into()),
        is_executable: false,
    };
    contents.search_path = ["app", "lib/python3.13", "lib/python3.13/site-packages"].map(str::to_owned).to_vec();
    contents.files.push(file("lib/python3.13/site-packages/six.txt", Owner::Distribution("six".to_owned())));
    contents.files.push(file("lib/python3.13/os.txt", Owner::StandardLibrary));
    let program = DiskProgram::lay_out(&contents, &sample::runtime(), &folder.path().join("disk")).unwrap();
    let flat = folder.path().join("flat");
    lay_out_flat(&contents, &program, "lib/python3.13", &flat).unwrap();
    assert!(flat.join("data.txt").is_file() && flat.join("six.txt").is_file());
    assert!(!flat.join("lib").exists() && !flat.join("os.txt").exists());
    let own = OwnFiles::lay_out(&contents, &program, &folder.path().join("host")).unwrap();
    assert!(own.entry_point.join("data.txt").is_file() && own.packages.is_none());
}

fn shell(script: &str) -> Start {
    Start {
        program: "/bin/sh".into(),
        arguments: vec!["-c".into(), script.into()],
        time_limit: Duration::from_secs(20),
        ..Start::default()
    }
}

fn candidate(script: &str) -> Candidate {
    Candidate { start: shell(script), ..Candidate::floor("shell", "shell", "", Path::new("/bin/sh")) }
}

#[test]
fn process_is_measured_from_start_to_end() {
    let run = process::run(&shell("sleep 0.05; exit 3")).unwrap();
    assert_eq!(run.ending, Ending::Exited(3));
    assert!(run.wall_seconds >= 0.05 && run.wall_seconds < 20.0, "{run:?}");
    assert!(run.minor_faults > 0 && run.peak_memory > 100_000, "{run:?}");
    assert_eq!(process::run(&shell("kill -9 $$")).unwrap().ending, Ending::Signal(9));
}

#[test]
fn process_that_takes_too_long_ends_with_its_children() {
    let folder = TempDir::new().unwrap();
    let mark = folder.path().join("late");
    let script = format!("(sleep 1; touch {}) & sleep 60", mark.display());
    let run = process::run(&Start { time_limit: Duration::from_millis(200), ..shell(&script) }).unwrap();
    assert_eq!(run.ending, Ending::TimedOut);
    assert!(run.wall_seconds < 10.0, "{run:?}");
    std::thread::sleep(Duration::from_millis(1500));
    assert!(!mark.exists());
}

#[test]
fn streams_are_files_or_nothing() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("in"), "words").unwrap();
    let start = Start {
        input: Some(path("in").into()),
        output: Some(path("out").into()),
        errors: Some(path("err").into()),
        variables: vec![("NAME".to_owned(), "value".into())],
        ..shell("cat; echo $NAME >&2")
    };
    process::run(&start).unwrap();
    assert_eq!(fs::read_to_string(path("out")).unwrap(), "words");
    assert_eq!(fs::read_to_string(path("err")).unwrap(), "value\n");
    assert_eq!(process::run(&shell("test -z \"$(cat)\"")).unwrap().ending, Ending::Exited(0));
}

#[test]
fn every_candidate_runs_in_every_round() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("log");
    let write = |letter: char| candidate(&format!("printf {letter} >> {}", log.display()));
    let candidates = [write('a'), write('b'), write('c')];
    let counts = RunCounts { measured: 2, warm_up: 1 };
    let runs = measure(&candidates, counts, &mut Runner::Here, &AtomicBool::new(false), &|_, _| ()).unwrap();
    assert_eq!(runs.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2]);
    assert_eq!(fs::read_to_string(log).unwrap(), "abcbcacab");
}

#[test]
fn program_that_does_not_exist_is_named() {
    let candidates = [Candidate::floor("none", "none", "", Path::new("/none/app"))];
    let counts = RunCounts { measured: 1, warm_up: 0 };
    let error = measure(&candidates, counts, &mut Runner::Here, &AtomicBool::new(false), &|_, _| ()).unwrap_err();
    assert_eq!(error.to_string(), "Cannot run `/none/app`: No such file or directory (os error 2)");
}

#[test]
fn interrupted_measurement_has_no_numbers() {
    let counts = RunCounts { measured: 1, warm_up: 0 };
    let outcome = measure(&[candidate("true")], counts, &mut Runner::Here, &AtomicBool::new(true), &|_, _| ());
    assert!(matches!(outcome, Err(BenchError::Interrupted)));
}

/// A report of one candidate with a floor line below, whose runs take these milliseconds.
pub(crate) fn report(frozen: &[f64], disk: &[f64], floor: &[f64]) -> BenchReport {
    let run = |milliseconds: &f64| Run {
        wall_seconds: milliseconds / 1e3,
        user_seconds: 0.0,
        system_seconds: 0.0,
        minor_faults: 100,
        major_faults: 0,
        peak_memory: 5_000_000,
        ending: Ending::Exited(0),
        started_nanos: 0,
    };
    let of = |id: &'static str, group, times: &[f64]| {
        let candidate = Candidate { id, group, ..Candidate::floor(id, id, "", &PathBuf::from("/bin/true")) };
        let runs: Vec<Run> = times.iter().map(run).collect();
        CandidateReport::new(&candidate, &runs, Some(Ending::Exited(0)), "")
    };
    let text = r#"{"schema": 1, "pyfreeze_version": "0", "python_version": "3.13.5", "measured_at": "2026-01-01T00:00:00Z",
        "program": {"path": "app", "name": "app", "arguments": [], "run_count": 6, "warm_up_count": 1},
        "machine": {"processor": "p", "processor_count": 2, "kernel": "k", "memory": 1, "load": 0.0},
        "candidates": [], "absent": [], "comparisons": [], "differences": [], "memory_floor": 0, "imports": [],
        "sizes": [], "warnings": [], "commands": []}"#;
    let mut report: BenchReport = serde_json::from_str(text).unwrap();
    report.candidates = vec![
        of("frozen-off", Group::Frozen, frozen),
        of("disk", Group::Disk, disk),
        of("floor-python", Group::Floor, floor),
    ];
    report.comparisons = super::findings::comparisons(&report.candidates);
    report
}

const STEADY: [f64; 8] = [10.0, 10.1, 9.9, 10.0, 10.2, 9.8, 10.0, 10.1];

fn scaled(factor: f64) -> Vec<f64> {
    STEADY.iter().map(|time| time * factor).collect()
}

#[test]
fn what_runs_can_t_tell_is_undecided() {
    let report = report(&scaled(0.5), &STEADY, &scaled(1.0));
    let verdict = |id: &str| report.comparison(id, "disk").map(|pair| pair.verdict);
    assert_eq!(verdict("frozen-off"), Some(Verdict::Faster));
    assert_eq!(verdict("floor-python"), Some(Verdict::Undecided));
    let few = Comparison::new(&report_of_few(), &report.candidates[1]);
    assert_eq!((few.ratio, few.verdict), (None, Verdict::Undecided));
    let said = super::findings::of_comparisons(&report.comparisons, &report.candidates);
    assert!(said[0].starts_with("These runs can't tell apart `floor-python` and `disk` (1.00 to 1.00"), "{said:?}");
}

fn report_of_few() -> CandidateReport {
    report(&[1.0, 1.0], &STEADY, &STEADY).candidates.swap_remove(0)
}

#[test]
fn only_what_is_slower_for_sure_fails() {
    let old = report(&STEADY, &scaled(3.0), &STEADY);
    let names = |new: &BenchReport, limit| -> Vec<String> {
        Changes::new(&old, new).slower_than(limit).into_iter().map(|change| change.candidate.clone()).collect()
    };
    assert_eq!(names(&report(&scaled(1.5), &scaled(3.0), &STEADY), 0.1), ["frozen-off"]);
    assert!(names(&report(&scaled(1.5), &scaled(3.0), &STEADY), 0.6).is_empty());
    // The machine is as much slower as the program.
    assert!(names(&report(&scaled(1.5), &scaled(4.5), &scaled(1.5)), 0.1).is_empty());
    // Noise: the median is 50 % higher, but not for sure.
    let noisy = [8.0, 30.0, 9.0, 15.0, 15.0, 16.0, 9.0, 29.0];
    assert!(names(&report(&noisy, &scaled(3.0), &STEADY), 0.1).is_empty());
}

#[test]
fn faster_and_different_measurements_are_told() {
    let old = report(&STEADY, &scaled(3.0), &STEADY);
    let mut new = report(&scaled(0.5), &scaled(3.0), &STEADY);
    new.program.arguments = vec!["--help".to_owned()];
    let changes = Changes::new(&old, &new);
    assert_eq!(changes.changes[0].verdict, Verdict::Faster);
    assert_eq!(changes.notes, ["arguments then: , now: --help"]);
}
