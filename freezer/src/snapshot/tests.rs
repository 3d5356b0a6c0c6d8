//! The driver, with shell scripts in place of the program.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use pyfreeze_format::{Snapshot, SnapshotLevel};

use super::checks::Checked;
use super::place::Place;
use super::request::{Mode, Request};
use super::run::{Outcome, Variant, run};
use super::*;

const TIMEOUT: Duration = Duration::from_secs(20);

fn request() -> Request<'static> {
    Request {
        mode: Mode::Classify,
        level: "app",
        imports: vec!["app"],
        excluded: Vec::new(),
        standard: &[],
        train: &[],
        training_seconds: 1,
        codes: Vec::new(),
    }
}

fn outcome(script: &str, timeout: Duration) -> Outcome {
    let mut place = Place::of_script(script);
    run(&place.room(&request()).unwrap(), Variant::First, timeout).unwrap()
}

#[test]
fn endings_are_told_apart() {
    assert_eq!(outcome("exit 0", TIMEOUT), Outcome::Done(String::new()));
    assert_eq!(outcome("echo out; echo err >&2", TIMEOUT), Outcome::Done("out\nerr\n".into()));
    let failed = |ending: &str, log: &str| Outcome::Failed { ending: ending.into(), log: log.into() };
    assert_eq!(outcome("echo bad >&2; exit 3", TIMEOUT), failed("status 3", "bad\n"));
    assert_eq!(outcome("kill -SEGV $$", TIMEOUT), failed("signal SIGSEGV", ""));
}

#[test]
fn a_program_that_hangs_is_killed_with_its_children() {
    let started = Instant::now();
    let script = "sleep 30 & echo $! > ../recording/child; echo waiting; wait";
    let mut place = Place::of_script(script);
    let room = place.room(&request()).unwrap();
    let outcome = run(&room, Variant::First, Duration::from_millis(700)).unwrap();
    assert_eq!(outcome, Outcome::TimedOut { log: "waiting\n".into() });
    assert!(started.elapsed() < Duration::from_secs(10));
    let child = String::from_utf8(room.read("child").unwrap()).unwrap();
    // Gone, or dead and not yet waited for by whoever adopted it; the kernel takes its time.
    let is_gone = || {
        let status = std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
        status.is_empty() || status.contains(") Z ") || status.contains(") X ")
    };
    let mut naps = (0..500).map(|_| std::thread::sleep(Duration::from_millis(10)));
    assert!(naps.any(|()| is_gone()), "the child lives");
}

/// What the process can see of where it runs has the same length in every room, and nothing of this process's.
#[test]
fn runs_have_a_world_of_their_own() {
    let script = "for variable in $(env | grep -e ^PATH= -e ^PYFREEZE_ | sort); do echo $variable; done\n\
                  echo $*; ls -A; cat; ulimit -c; touch ~/file; ls ~; pwd | sed 's/.*room/room/; s/-*.empty/-empty/'; pwd | wc -c";
    let mut place = Place::of_script(script);
    let [first, second] = Variant::BOTH.map(|variant| {
        let room = place.room(&request()).unwrap();
        let Outcome::Done(log) = run(&room, variant, TIMEOUT).unwrap() else { panic!("it failed") };
        log
    });
    let expected = "PATH=/usr/bin:/bin\nPYFREEZE_VARIABLE=aaaa\n../recording 0\n0\nfile\nroom-000-empty\n247\n";
    assert_eq!(first, expected);
    assert_eq!(first.len(), second.len());
    assert!(second.contains("bbbb") && second.contains("../recording 1"), "{second}");
}

/// Writes what stub and recorder would: facts in the first run, memory in the others.
const FAKE: &str = r#"
if grep -q '"mode":"classify"' ../recording/request.json; then
    cat > ../recording/facts.json << END
{"modules": {"app": {"events": [], "imports": ["app.conf", "json"]},
             "app.conf": {"events": [["file", "$PWD/x"]], "imports": ["app.base"]},
             "app.base": {"events": [["env", "APP_MODE"]], "imports": []},
             "json": {"events": [], "imports": []},
             "late": {"events": [], "imports": []}},
 "failed": {}, "printed": [], "late": ["late"]}
END
    exit
fi
cp ../recording/request.json ../recording/memory
truncate -s 4096 ../recording/memory
echo "raw 2000000000 1000" > ../recording/ranges
echo "env late LATE_MODE" > ../recording/events
"#;

fn facts() -> ProgramFacts {
    let first_imports = FirstImports {
        next_line: None,
        program: ["app", "json", "app.base", "unwanted.x"].map(str::to_owned).to_vec(),
        standard: vec!["json".into()],
        certain: BTreeSet::new(),
    };
    let paths = [("app.conf", "app/conf.py"), ("app.base", "app/base.py")];
    ProgramFacts {
        first_imports,
        standard: vec!["json".into()],
        paths: paths.map(|(name, path)| (name.to_owned(), path.to_owned())).into(),
        library_users: [("libs/libbase.so.1".to_owned(), vec!["late".to_owned()])].into(),
    }
}

fn recorded(script: &str, settings: &SnapshotSettings) -> Result<Vec<u8>, SnapshotFailure> {
    let input = SnapshotInput { stub: &[], payload: &[], settings, program: &facts() };
    let place = Place::of_script(script);
    Recorder { input: &input, level: SnapshotLevel::App, place, check: fake_check }.section(&|_| ())
}

/// Refuses what the script wants to be refused, a module as long as it is in.
fn fake_check(_: &[u8], rooms: &[Room; 2]) -> Result<Verdict, CheckError> {
    let read = |name| rooms[1].read(name).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let (memory, events) = (read("memory")?, read("events")?);
    let mut libraries = Vec::new();
    let safe = Ok(Verdict::Safe(Checked::default()));
    let modules = match events.lines().find_map(|line| line.strip_prefix("refuse ")) {
        Some("all") => Vec::new(),
        Some("unless-strict") if memory.contains("\"app.clock\",\"app.conf\"]") => return safe,
        Some("unless-strict") => Vec::new(),
        Some(module) if memory.contains(&format!("\"{module}\"],\"excluded\"")) => {
            vec![(module.to_owned(), "a pointer".to_owned()), ("nowhere".to_owned(), "a pointer".to_owned())]
        }
        Some("library") if memory.contains("\"late\"],\"excluded\"") => {
            libraries.push(format!("{VIRTUAL_ROOT}/libs/libbase.so.1"));
            Vec::new()
        }
        _ => return safe,
    };
    let findings = vec![format!("a word of {}", rooms[0].recording().display()), "another".to_owned()];
    Ok(Verdict::Refused(Refusal { modules, libraries, findings }))
}

fn settings() -> SnapshotSettings {
    SnapshotSettings { exclude: vec!["unwanted".into()], timeout: TIMEOUT, ..SnapshotSettings::default() }
}

#[test]
fn what_may_be_in_is_recorded() {
    let section = recorded(FAKE, &settings()).unwrap();
    let snapshot = Snapshot::parse(&section).unwrap();
    assert_eq!(snapshot.level(), SnapshotLevel::App);
    let piece = snapshot.pieces().next().unwrap();
    let memory = &section[usize::try_from(piece.offset).unwrap()..];
    let request = String::from_utf8_lossy(memory.split(|byte| *byte == 0).next().unwrap()).into_owned();
    let expected = r#"{"mode":"record","level":"app","imports":["app.base","json","late"],"excluded":["app","app.conf"],"standard":["json"],"train":[],"training_seconds":20,"codes":["app/conf.py"]}"#;
    assert_eq!(request, expected);
    let report = SnapshotReport::read(&section).unwrap();
    assert_eq!(report.modules, ["app.base", "json", "late"]);
    assert_eq!(report.variables, ["APP_MODE", "LATE_MODE"]);
    let left_out: Vec<_> =
        report.left_out.iter().map(|module| format!("{} {}", module.name, module.because.text())).collect();
    assert_eq!(left_out, ["app imports app.conf", "app.conf opens files: …/room/empty/x"]);
    assert_eq!((report.level.as_str(), report.stored_size()), ("app", 4096));
}

/// As [`FAKE`], with a module that has asked for files and the terminal.
fn asking(events: &str) -> String {
    let facts =
        r#"[["absent", "$HOME/.app"], ["below-file", "$PWD/app.cfg"], ["absent", "/etc/app"], ["no-terminal", "1"]]"#;
    let events = format!("../recording/events << END\n{events}\nEND");
    FAKE.replace(r#"[["file", "$PWD/x"]]"#, facts)
        .replace("echo \"env late LATE_MODE\" > ../recording/events", &format!("cat > {events}"))
}

const ASKED: &str =
    "absent app.conf $HOME/.app\nbelow-file app.conf $PWD/app.cfg\nabsent app.conf /etc/app\nabsent late other/x";

fn guards_of(report: &SnapshotReport) -> Vec<String> {
    report.guards.iter().map(GuardReport::text).collect()
}

#[test]
fn what_guards_bring_in_stands_before_what_needs_none() {
    let script = asking(ASKED).replace(r#""late": {"events": []"#, r#""late": {"events": [["absent", "other/x"]]"#);
    let section = recorded(&script, &settings()).unwrap();
    let report = SnapshotReport::read(&section).unwrap();
    assert_eq!(report.modules, ["app", "app.base", "app.conf", "json", "late"]);
    let expected =
        ["/etc/app exists", "~/.app exists", "app.cfg exists", "other/x exists", "standard output is a terminal"];
    assert_eq!(guards_of(&report), expected);
    let fallback = report.fallback.clone().unwrap();
    assert_eq!(fallback.modules, ["app.base", "json"]);
    assert!(fallback.guards.is_empty() && fallback.fallback.is_none());
    let because = fallback.left_out.iter().find(|module| module.name == "app.conf").unwrap().because.text();
    assert_eq!(because, "looks at files: ~/.app");
    assert_eq!(report.stored_size(), 2 * fallback.stored_size());
    assert!(section == recorded(&script, &settings()).unwrap());

    // The user vouches for the module: nothing of it is compared, and there is no need for a second.
    let vouched = SnapshotSettings { include: vec!["app.conf".into(), "late".into()], ..settings() };
    let report = SnapshotReport::read(&recorded(&script, &vouched).unwrap()).unwrap();
    assert_eq!(report.modules, ["app", "app.base", "app.conf", "json", "late"]);
    assert!(report.guards.is_empty() && report.fallback.is_none());
}

/// What one machine is asked and the other is not, what was not asked before, what is of the recording's own folders.
#[test]
fn what_can_not_be_asked_again_keeps_modules_out() {
    let fallback = |events: &str| {
        let report = SnapshotReport::read(&recorded(&asking(events), &settings()).unwrap()).unwrap();
        assert_eq!(report.modules, ["app.base", "json", "late"], "{events}");
        assert!(report.guards.is_empty(), "{events}");
        report.fallback
    };
    for stray in [
        "absent app.conf /etc/$2",
        "absent app.conf /etc/other",
        "absent app.conf $PWD/../other",
        "absent app.conf ${PWD%/*}/other",
        "absent app.conf ../recording/other",
    ] {
        assert!(fallback(&format!("{ASKED}\n{stray}").replace("\nabsent late other/x", "")).is_none(), "{stray}");
    }
}

/// Nothing of the folder, the clock or this process reaches the section.
#[test]
fn sections_of_equal_recordings_are_equal() {
    assert!(recorded(FAKE, &settings()).unwrap() == recorded(FAKE, &settings()).unwrap());
}

#[test]
fn failures_say_what_the_program_said() {
    let failure = |script: &str, settings: &SnapshotSettings| recorded(script, settings).unwrap_err();
    let failed = failure("echo first >&2; echo \"ImportError: $PWD\" >&2; exit 1", &settings());
    let expected = "the program ended with status 1 while it was recorded: ImportError: …/room/empty";
    assert_eq!(failed.to_string(), expected);
    assert_eq!(failed.log(), Some("first\nImportError: …/room/empty\n"));
    let printed = failure(&format!("{FAKE}\necho Hello\n"), &settings());
    assert_eq!(printed.to_string(), "the program printed something while it was recorded: Hello");
    let slow = failure("sleep 9", &SnapshotSettings { timeout: Duration::from_secs(1), ..settings() });
    assert_eq!(slow.to_string(), "the program took longer than 1 s while it was recorded");
    let empty = failure("exit 0", &settings());
    assert!(empty.to_string().starts_with("the recording can't be read: `facts.json`: "), "{empty}");
    let odd = failure("echo '{' > ../recording/facts.json", &settings());
    assert!(odd.to_string().starts_with("the recording can't be read: `facts.json`: EOF"), "{odd}");
}

/// Every recording reads another variable of the user's: the module goes out, until nothing new is learnt.
#[test]
fn recordings_are_made_again_without_what_they_show() {
    let script = FAKE.replace("env late LATE_MODE", "env late LANG");
    let section = recorded(&script, &settings()).unwrap();
    let report = SnapshotReport::read(&section).unwrap();
    assert_eq!(report.modules, ["app.base", "json"]);
    assert_eq!(report.left_out.last().map(|module| module.because.text()), Some("reads the variable LANG".into()));
}

/// What the comparison would find may be in, unless the comparison fails and can't say why.
#[test]
fn the_second_attempt_is_strict() {
    let clock = "\"app.clock\": {\"events\": [[\"clock\", \"\"]], \"imports\": []}, \"json\":";
    let script = FAKE.replace("\"json\":", clock);
    let modules = |script: &str| {
        let report = SnapshotReport::read(&recorded(script, &settings()).unwrap()).unwrap();
        report.modules.contains(&"app.clock".to_owned())
    };
    assert!(modules(&script));
    assert!(!modules(&script.replace("env late LATE_MODE", "refuse unless-strict")));
}

#[test]
fn modules_that_the_checks_refuse_are_left_out() {
    let section = recorded(&FAKE.replace("env late LATE_MODE", "refuse late"), &settings()).unwrap();
    let report = SnapshotReport::read(&section).unwrap();
    assert_eq!(report.modules, ["app.base", "json"]);
    assert_eq!(
        report.left_out.last().map(|module| module.because.text()).unwrap(),
        "keeps something of its process: a pointer"
    );
    let section = recorded(&FAKE.replace("env late LATE_MODE", "refuse library"), &settings()).unwrap();
    let report = SnapshotReport::read(&section).unwrap();
    let because = report.left_out.last().map(|module| module.because.text()).unwrap();
    assert_eq!(because, "keeps something of its process: libbase.so.1");
    let failure = recorded(&FAKE.replace("env late LATE_MODE", "refuse all"), &settings()).unwrap_err();
    let expected =
        "the recorded memory has 2 words that can't be of another process, the first: a word of …/room/recording";
    assert_eq!(failure.to_string(), expected);
    assert_eq!(failure.log(), Some("a word of …/room/recording\nanother"));
}

#[test]
fn levels_fall_back() {
    let steps = RefCell::new(Vec::new());
    let settings = SnapshotSettings { level: SnapshotChoice::App, ..settings() };
    let input = SnapshotInput { stub: b"no ELF", payload: b"no payload", settings: &settings, program: &facts() };
    let snapshotted = snapshot(&input, &|step| steps.borrow_mut().push(step));
    assert!(snapshotted.payload.is_none() && snapshotted.report.is_none() && steps.borrow().is_empty());
    let levels: Vec<_> = snapshotted.fallbacks.iter().map(|fallback| fallback.level).collect();
    assert_eq!(levels, [SnapshotLevel::App, SnapshotLevel::Runtime]);
    let off = SnapshotSettings { level: SnapshotChoice::Off, ..SnapshotSettings::default() };
    let snapshotted = snapshot(&SnapshotInput { settings: &off, ..input }, &|_| ());
    assert!(snapshotted.payload.is_none() && snapshotted.fallbacks.is_empty());
}

#[test]
fn failures_are_kept_and_told() {
    let failure = SnapshotFailure::Failed { ending: "status 1".into(), log: "first\nlast\n".into() };
    let fallback = Fallback { level: SnapshotLevel::App, failure, log: None };
    let mut snapshotted = Snapshotted { fallbacks: vec![fallback], ..Snapshotted::default() };
    let cache = tempfile::tempdir().unwrap();
    snapshotted.keep_logs(cache.path(), "app");
    let path = cache.path().join("snapshot/app-app.log");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "first\nlast\n");
    let [warning] = &snapshotted.warnings()[..] else { panic!("one warning") };
    let expected =
        "Cannot make the snapshot of level `app`: the program ended with status 1 while it was recorded: last";
    assert_eq!(warning.message, expected);
    assert_eq!(warning.hints, [format!("what is known of it: `{}`", path.display())]);
    let error = snapshotted.as_wanted().unwrap_err();
    assert_eq!(error.to_string(), expected);
    assert_eq!(error.hints().len(), 2);
    assert!(Snapshotted::default().as_wanted().is_ok());
}

#[test]
fn users_of_libraries_are_found() {
    let library = |path: &str, module: Option<&str>, needed: &[&str]| {
        let text = serde_json::json!({"path": path, "owner": {"kind": "project"}, "module": module, "needed": needed});
        serde_json::from_value::<ManifestLibrary>(text).unwrap()
    };
    let libraries = [
        library("a.so", Some("a"), &["libs/one.so"]),
        library("b.so", Some("b"), &["libs/two.so", "b.so"]),
        library("libs/one.so", None, &["libs/two.so"]),
        library("libs/two.so", None, &[]),
        library("libs/other.so", None, &[]),
    ];
    let expected =
        [("a.so", vec!["a"]), ("b.so", vec!["b"]), ("libs/one.so", vec!["a"]), ("libs/two.so", vec!["a", "b"])];
    let users = library_users(&libraries);
    let users: Vec<_> =
        users.iter().map(|(path, users)| (path.as_str(), users.iter().map(String::as_str).collect())).collect();
    assert_eq!(users, expected);
}
