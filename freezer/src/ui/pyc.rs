//! `.pyc` files in words: a page for one, a table for many.

use super::Style;
use super::text::{columns, count_text, size_text};
use crate::pyc::{
    CachesReport, Check, FileReport, FolderReport, Header, HeaderError, Interpreter, MarshalError, Origin, Outcome,
    Reason, SourceFile, State, Tally, Verdict, hash_text,
};

/// Files that are not fresh, before "and … more".
const LISTED_COUNT: usize = 20;

const STATES: [State; 6] =
    [State::Fresh, State::Stale, State::Orphaned, State::WrongVersion, State::Damaged, State::Ignored];

/// What `pyfreeze pyc FILE` says.
#[must_use]
pub fn pyc_page(report: &FileReport, style: Style) -> String {
    let mut text = format!("{}\n", style.bold(&report.path.display().to_string()));
    text += &format!("  {}: {}\n\n", style.bold(state_word(report.verdict.state)), sentence(report, &report.verdict));
    for (label, value) in facts(report) {
        text += &format!("  {}  {value}\n", style.dim(&format!("{label:<11}")));
    }
    if !report.alternatives.is_empty() {
        text += &format!("\n  {}\n", style.dim("if it were run with"));
        let width = report.alternatives.iter().map(|way| way.option.len()).max().unwrap_or(0);
        for way in &report.alternatives {
            text += &format!("  {:<width$}  {}\n", way.option, alternative(report, &way.verdict));
        }
    }
    text
}

/// What `pyfreeze pyc FOLDER` says; `is_listing` names every file.
#[must_use]
pub fn pyc_table(report: &FolderReport, is_listing: bool, style: Style) -> String {
    let mut text = tallies(report, style);
    let is_shown = |file: &&FileReport| is_listing || file.verdict.state != State::Fresh;
    let shown: Vec<&FileReport> = report.files.iter().filter(is_shown).collect();
    if !shown.is_empty() {
        text.push('\n');
    }
    let limit = if is_listing { usize::MAX } else { LISTED_COUNT };
    for file in shown.iter().take(limit) {
        let path = file.path.strip_prefix(&report.path).unwrap_or(&file.path).display();
        text +=
            &format!("{:<13}  {path}\n               {}\n", state_word(file.verdict.state), why(file, &file.verdict));
    }
    let left = shown.len().saturating_sub(limit);
    if left > 0 {
        text += &format!("and {} more; `--files` lists all\n", count_text(left));
    }
    text
}

fn tallies(report: &FolderReport, style: Style) -> String {
    let is_there = |state: &&State| report.total.count(**state) > 0;
    let states: Vec<State> = STATES.iter().filter(is_there).copied().collect();
    let mut rows = vec![vec!["written by".to_owned(), "files".into()]];
    rows[0].extend(states.iter().map(|state| state_word(*state).to_owned()));
    rows[0].push("size".into());
    let row = |name: String, tally: &Tally| {
        let counts = states.iter().map(|state| count_text(tally.count(*state)));
        let mut row = vec![name, count_text(tally.files)];
        row.extend(counts.map(|count| if count == "0" { "-".to_owned() } else { count }));
        row.push(size_text(tally.size));
        row
    };
    for version in &report.versions {
        let name = version.written_by.map_or("unknown".to_owned(), |interpreter| interpreter.to_string());
        rows.push(row(name, &version.tally));
    }
    if report.versions.len() > 1 {
        rows.push(row("total".into(), &report.total));
    }
    let text = columns(&rows);
    let (head, rest) = text.split_once('\n').unwrap_or((&text, ""));
    format!("{}\n{rest}", style.dim(head))
}

/// What `pyfreeze pyc FILE.py` says.
#[must_use]
pub fn pyc_caches(report: &CachesReport, style: Style) -> String {
    let mut text = format!("{}\n", style.bold(&report.source.display().to_string()));
    text += &format!("  {} caches it as {}\n", report.interpreter.program(), report.cache.display());
    if report.files.is_empty() {
        text += "  there is none: nothing has imported it yet, or python can't write there\n";
    }
    for file in &report.files {
        let state = state_word(file.verdict.state);
        text += &format!("\n  {}\n    {state}: {}\n", file.path.display(), sentence(file, &file.verdict));
    }
    text
}

fn state_word(state: State) -> &'static str {
    match state {
        State::Fresh => "fresh",
        State::Stale => "stale",
        State::Orphaned => "orphaned",
        State::WrongVersion => "wrong version",
        State::Damaged => "damaged",
        State::Ignored => "ignored",
    }
}

fn sentence(report: &FileReport, verdict: &Verdict) -> String {
    match &verdict.reason {
        Reason::OtherTag { looked_for }
        | Reason::OtherOptimization { looked_for }
        | Reason::OtherFolder { looked_for } => {
            format!("{} looks for {} instead", reader(report, verdict), looked_for.display())
        }
        _ => format!("{}, because {}", doing(report, verdict), why(report, verdict)),
    }
}

/// What the interpreter does.
fn doing(report: &FileReport, verdict: &Verdict) -> String {
    let program = reader(report, verdict);
    match verdict.outcome {
        Outcome::Used if verdict.state == State::Stale => format!("{program} runs it all the same"),
        Outcome::Used => format!("{program} runs it"),
        Outcome::Rewritten => format!("{program} compiles the source again and overwrites it"),
        Outcome::Compiled => format!("{program} compiles the source again, every time"),
        Outcome::NotRead if verdict.state == State::Orphaned => "nothing looks at it".into(),
        Outcome::NotRead => format!("{program} never looks at it"),
        Outcome::ImportFails { error } => format!("importing it with {program} fails with {error}"),
    }
}

/// Who looks for the file.
fn reader(report: &FileReport, verdict: &Verdict) -> String {
    let tag = report.location.tag.as_deref().unwrap_or("");
    match (tag.split_once("-pytest-"), verdict.interpreter) {
        (Some((_, version)), _) => format!("pytest {version}"),
        (None, Some(interpreter)) => interpreter.program(),
        (None, None) => "python".into(),
    }
}

/// Why the interpreter does that.
fn why(report: &FileReport, verdict: &Verdict) -> String {
    match &verdict.reason {
        Reason::TimeIsSame if recorded_size(report).is_none() => "the time in it is the source's".into(),
        Reason::TimeIsSame => "the time and the size in it are the source's".into(),
        Reason::HashIsSame => "the hash in it is the source's".into(),
        Reason::HashIsUnchecked { is_same: true } => "it is not compared with the source, which has not changed".into(),
        Reason::HashIsUnchecked { is_same: false } => "it is not compared with the source, which has changed".into(),
        Reason::Sourceless => "it lies where the source would be, and there is none to compare it with".into(),
        Reason::TimeDiffers { recorded, actual } => {
            let (recorded, actual) = (i64::from(*recorded), *actual);
            format!("the source is of {}, and it was made of one of {}", time_text(actual), time_text(recorded))
        }
        Reason::SizeDiffers { recorded, actual } => {
            format!("the source has {actual} bytes, and it was made of one with {recorded}")
        }
        Reason::HashDiffers => "the source's hash is another".into(),
        Reason::SourceIsMissing => {
            format!(
                "its source is gone ({}), and a file in `__pycache__` alone is no module",
                report.location.source.display()
            )
        }
        Reason::BesideSource { looked_for } => {
            format!("it lies beside its source, whose cache is {}", looked_for.display())
        }
        Reason::OtherTag { looked_for }
        | Reason::OtherOptimization { looked_for }
        | Reason::OtherFolder { looked_for } => {
            format!("looked for is {}", looked_for.display())
        }
        Reason::OddName => "names in `__pycache__` are MODULE.TAG.pyc and MODULE.TAG.opt-N.pyc".into(),
        Reason::OldSuffix => "since 3.5, optimized code is in `.opt-1.pyc` files".into(),
        Reason::OtherMagic { magic, written_by: Some(origin) } => {
            format!("its magic number {magic} is {}'s", origin_text(origin))
        }
        Reason::OtherMagic { magic, written_by: None } => format!("its magic number {magic} is no known version's"),
        Reason::Header(error) => header_error(*error, report.size),
        Reason::Code(error) => code_error(*error, report.source.is_some()),
    }
}

fn header_error(error: HeaderError, size: u64) -> String {
    match error {
        HeaderError::Empty => "it is empty".into(),
        HeaderError::CutOff { .. } => format!("it is cut off within its header, after {size} bytes"),
        HeaderError::NoMagic => "it doesn't begin with a magic number".into(),
        HeaderError::UnknownMagic { number } => format!("its magic number {number} is no known version's"),
        HeaderError::UnknownFlags { flags } => format!("no version knows its flags: {flags:#x}"),
    }
}

fn code_error(error: MarshalError, has_source: bool) -> String {
    let advice = if has_source { "; delete it, and python writes a new one" } else { "" };
    format!("{error}, and only the header is checked before it is loaded{advice}")
}

/// What is different from how it is now.
fn alternative(report: &FileReport, verdict: &Verdict) -> String {
    if *verdict == report.verdict {
        return "the same".into();
    }
    match verdict.reason {
        _ if verdict.reason == report.verdict.reason => doing(report, verdict),
        _ => sentence(report, verdict),
    }
}

/// Labels and values.
fn facts(report: &FileReport) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(header) = &report.header {
        let number = format!("magic number {}", header.magic);
        facts.push(("written by", format!("{}, {number}", origin_text(&header.origin))));
        facts.push(("checked by", check_text(header)));
        facts.push(("recorded", recorded_text(header)));
    }
    facts.push(("source", source_text(report)));
    facts.push(("name", name_text(report)));
    if let Some(code) = &report.code {
        let size = size_text(code.size);
        let value = match code.error {
            Some(error) => format!("{size}: {error}"),
            None => {
                let objects = plural(code.objects.len(), "code object");
                format!("{size}: {objects} with {} of bytecode", size_text(code.bytecode_size()))
            }
        };
        facts.push(("code", value));
        facts.extend(code.compiled_as.clone().map(|path| ("compiled as", path)));
    } else if report.header.is_some() {
        facts.push(("code", "not looked into: the layout of this version is not known".into()));
    }
    facts
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{} {noun}s", count_text(count)) }
}

fn origin_text(origin: &Origin) -> String {
    let interpreter = origin.interpreter;
    match (&origin.stage, origin.is_released) {
        (_, true) => interpreter.to_string(),
        (Some(stage), false) if stage == "pre" => format!("{interpreter} before its release"),
        (Some(stage), false) => format!("{interpreter}{stage}"),
        (None, false) => interpreter.to_string(),
    }
}

fn check_text(header: &Header) -> String {
    let flags = header.flags.map(|flags| format!(" (flags {flags})")).unwrap_or_default();
    let text = match header.check {
        Check::Time { size: None, .. } => "the source's time",
        Check::Time { .. } => "the source's time and size",
        Check::Hash { is_checked: true, .. } => "the source's hash, at every import",
        Check::Hash { is_checked: false, .. } => "nothing: it holds the source's hash, and asks not to be checked",
    };
    format!("{text}{flags}")
}

fn recorded_text(header: &Header) -> String {
    match header.check {
        Check::Time { time, size: None } => time_text(i64::from(time)),
        Check::Time { time, size: Some(size) } => format!("{}, {size} bytes", time_text(i64::from(time))),
        Check::Hash { hash, .. } => hash_text(hash),
    }
}

fn recorded_size(report: &FileReport) -> Option<u32> {
    match report.header.as_ref()?.check {
        Check::Time { size, .. } => size,
        Check::Hash { .. } => None,
    }
}

fn source_text(report: &FileReport) -> String {
    let path = report.location.source.display();
    match (&report.source, report.verdict.interpreter) {
        (Some(source), interpreter) => {
            let time = interpreter.map_or(source.seconds, |interpreter| source.time(interpreter));
            format!("{path}: {}, {} bytes{}", time_text(time), source.size, same_hash_text(source))
        }
        (None, _) => format!("{path}: not there"),
    }
}

fn same_hash_text(source: &SourceFile) -> &'static str {
    match source.has_recorded_hash {
        Some(true) => ", the recorded hash",
        Some(false) => ", another hash",
        None => "",
    }
}

fn name_text(report: &FileReport) -> String {
    let location = &report.location;
    let module = &location.module;
    let optimization = match location.optimization.as_deref() {
        None => "not optimized".to_owned(),
        Some("O") => "optimized (`-O`)".into(),
        Some("1") => "optimized (`-O`)".into(),
        Some("2") => "optimized (`-OO`)".into(),
        Some(level) => format!("optimized ({level})"),
    };
    match location.tag.as_deref() {
        Some(tag) => {
            let who = Interpreter::of_tag(tag)
                .map_or_else(|| format!("tag `{tag}`"), |found| format!("for {}", found.program()));
            format!("module `{module}`, {who}, {optimization}")
        }
        None => format!("module `{module}`, in the place of its source, {optimization}"),
    }
}

fn time_text(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds);
    time.map_or_else(|_| format!("{seconds} s"), |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// The code objects of a file whose bytecode can't be disassembled.
#[must_use]
pub fn pyc_tree(report: &FileReport, style: Style) -> String {
    let objects = report.code.iter().flat_map(|code| &code.objects);
    let mut rows = vec![["code object", "line", "bytecode", "constants", "names"].map(str::to_owned).to_vec()];
    rows.extend(objects.map(|object| {
        vec![
            format!("{}{}", "  ".repeat(object.depth), object.name),
            object.first_line.to_string(),
            size_text(object.bytecode_size),
            object.constant_count.to_string(),
            object.name_count.to_string(),
        ]
    }));
    let text = columns(&rows);
    let (head, rest) = text.split_once('\n').unwrap_or((&text, ""));
    format!("{}\n{rest}", style.dim(head))
}
