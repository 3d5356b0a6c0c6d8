//! How many system calls a program makes: counted in a run of its own, which is slow and never timed.
//!
//! Comes in: what to start. Goes out: counts, from strace or else perf, or why there are none.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::process::{Ending, Start};
use super::worker::Runner;

/// The system calls of one run, children included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemCalls {
    /// All of them.
    pub total: u64,
    /// By name; perf can't tell.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_name: BTreeMap<String, u64>,
}

/// A program that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    Strace,
    Perf,
}

impl Counter {
    /// The first that works here; else why none does.
    pub(super) fn find(runner: &mut Runner, folder: &Path) -> Result<Self, String> {
        let tried =
            Start { program: "/bin/true".into(), time_limit: std::time::Duration::from_secs(10), ..Start::default() };
        let mut reasons = Vec::new();
        for counter in [Self::Strace, Self::Perf] {
            match counter.count(&tried, None, runner, folder) {
                Ok(_) => return Ok(counter),
                Err(why) => reasons.push(format!("{}: {why}", counter.name())),
            }
        }
        Err(reasons.join("; "))
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Strace => "strace",
            Self::Perf => "perf",
        }
    }

    /// Counts the system calls of a program that ends as it does by itself, if that is known.
    pub(super) fn count(
        self,
        start: &Start,
        ending: Option<Ending>,
        runner: &mut Runner,
        folder: &Path,
    ) -> Result<SystemCalls, String> {
        let (log, errors) = (folder.join("calls"), folder.join("calls-stderr"));
        let _ = fs::remove_file(&log);
        let options: &[&str] = match self {
            Self::Strace => &["-f", "-qq", "-c", "-o"],
            Self::Perf => &["stat", "-x", ";", "-e", "raw_syscalls:sys_enter", "-o"],
        };
        let mut words: Vec<OsString> = options.iter().map(OsString::from).collect();
        words.extend([log.clone().into(), "--".into(), start.program.clone()]);
        words.extend(start.arguments.iter().cloned());
        let program = self.name().into();
        let run =
            runner.run(&Start { program, arguments: words, errors: Some(errors.clone().into()), ..start.clone() });
        let run = run.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => "it is not installed".to_owned(),
            _ => error.to_string(),
        })?;
        let text = fs::read_to_string(&log).unwrap_or_default();
        let calls = match self {
            Self::Strace => strace_table(&text),
            Self::Perf => perf_line(&text),
        };
        match calls {
            Some(calls) if ending.is_none_or(|ending| ending == run.ending) => Ok(calls),
            Some(_) => Err("the program behaves differently under it".to_owned()),
            None => Err(first_line(&fs::read_to_string(&errors).unwrap_or_default())),
        }
    }
}

fn first_line(text: &str) -> String {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or("it counted nothing").trim().to_owned()
}

/// `12.34    0.000123           1        85         3 openat`: the fourth column counts, the last names.
fn strace_table(text: &str) -> Option<SystemCalls> {
    let mut calls = SystemCalls::default();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (Some(count), Some(name)) = (words.get(3).and_then(|word| word.parse::<u64>().ok()), words.last()) else {
            continue;
        };
        if *name != "total" && words.len() >= 5 {
            *calls.by_name.entry((*name).to_owned()).or_default() += count;
            calls.total += count;
        }
    }
    (calls.total > 0).then_some(calls)
}

/// `321;;raw_syscalls:sys_enter;…`.
fn perf_line(text: &str) -> Option<SystemCalls> {
    let line = text.lines().find(|line| line.contains("raw_syscalls:sys_enter"))?;
    let total = line.split(';').next()?.trim().parse().ok()?;
    Some(SystemCalls { total, by_name: BTreeMap::new() })
}

#[cfg(test)]
mod tests {
    use super::{perf_line, strace_table};

    #[test]
    fn tables_of_strace_are_summed() {
        let text = "\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 51.72    0.000120          12        10           mmap
 48.28    0.000112           1        85         3 openat
------ ----------- ----------- --------- --------- ----------------
100.00    0.000232           2        95         3 total
";
        let calls = strace_table(text).unwrap();
        assert_eq!((calls.total, calls.by_name["openat"], calls.by_name.len()), (95, 85, 2));
        assert_eq!(strace_table("strace: ptrace(PTRACE_TRACEME, ...): Operation not permitted\n"), None);
    }

    #[test]
    fn lines_of_perf_are_read() {
        let line = "# started on …\n\n321;;raw_syscalls:sys_enter;123;100.00;;\n";
        assert_eq!(perf_line(line).unwrap().total, 321);
        assert_eq!(perf_line("<not supported>;;raw_syscalls:sys_enter;0\n"), None);
    }
}
