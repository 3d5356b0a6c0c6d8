//! Whether a process that the program itself has started is the program or a Python.
//!
//! Comes in: the arguments after the program's name, already known to come from a process of the same executable.
//! Goes out: a [`Command`]. It must never make a Python of anything that python's own command line would not
//! accept, since the program may start itself with arguments of its own.

/// What `multiprocessing.spawn.get_command_line` puts first when `sys.frozen` is set.
pub const MULTIPROCESSING_FORK: &[u8] = b"--multiprocessing-fork";

/// What a process is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Run the program, without the first `skip` arguments.
    Program {
        /// Arguments that only said "this executable".
        skip: usize,
    },
    /// Be a Python, with the arguments as they are but for the first `skip`.
    Python {
        /// Arguments that only said "this executable".
        skip: usize,
    },
    /// Be a child of `multiprocessing`'s start method spawn.
    Spawned,
}

/// The script of the process that removes what processes of `multiprocessing` have left behind, around the number of a
/// descriptor (`multiprocessing.resource_tracker.ResourceTracker.ensure_running`).
const RESOURCE_TRACKER: [&[u8]; 2] = [b"from multiprocessing.resource_tracker import main;main(", b")"];

/// Options of one letter that python's command line takes without a value (`Python/initconfig.c`).
const FLAGS: &[u8] = b"bBdEiIOPqsSuvx";

/// Decides by the arguments. `names_itself` tells whether an argument is a path of this very executable.
pub fn classify<'a>(
    arguments: impl Iterator<Item = &'a [u8]> + Clone,
    names_itself: impl Fn(&[u8]) -> bool,
) -> Command {
    match arguments.clone().next() {
        None => Command::Program { skip: 0 },
        Some(MULTIPROCESSING_FORK) => Command::Spawned,
        // `[sys.executable] + sys.argv`, by which programs start themselves again.
        Some(first) if names_itself(first) => Command::Program { skip: 1 },
        Some(_) if is_python_command(arguments) => Command::Python { skip: 0 },
        Some(_) => Command::Program { skip: 0 },
    }
}

/// Whether these are the arguments of `multiprocessing`'s resource tracker. It outlives the process that has started it, if
/// need be from its first moment on, and can do nothing but what it is there for: so it is a Python whoever starts it.
pub fn is_resource_tracker<'a>(mut arguments: impl Iterator<Item = &'a [u8]>) -> bool {
    let [before, after] = RESOURCE_TRACKER;
    let is_script = |argument: &[u8]| {
        let number = argument.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        number.is_some_and(|number| number.iter().all(u8::is_ascii_digit))
    };
    while let Some(argument) = arguments.next() {
        match argument {
            b"-c" => return arguments.next().is_some_and(is_script),
            [b'-', options @ ..] => match read_options(options) {
                Options::Flags => {}
                Options::Value => drop(arguments.next()),
                Options::Command { .. } | Options::Unknown => return false,
            },
            _ => return false,
        }
    }
    false
}

fn is_python_command<'a>(mut arguments: impl Iterator<Item = &'a [u8]>) -> bool {
    while let Some(argument) = arguments.next() {
        match argument {
            b"-" | b"-V" | b"-VV" | b"--version" => return true,
            [b'-', options @ ..] => match read_options(options) {
                Options::Flags => {}
                Options::Value => drop(arguments.next()),
                Options::Command { has_value } => return has_value || arguments.next().is_some(),
                Options::Unknown => return false,
            },
            script => return script.ends_with(b".py"),
        }
    }
    false
}

enum Options {
    /// Only flags.
    Flags,
    /// `-W` or `-X`, whose value is the next argument.
    Value,
    /// `-c` or `-m`, which ends the options; its value follows directly or is the next argument.
    Command { has_value: bool },
    /// Not python's.
    Unknown,
}

/// Reads one argument's letters, as `-Bc`, `-Wignore` or `-X dev` are read by python.
fn read_options(letters: &[u8]) -> Options {
    for (position, letter) in letters.iter().enumerate() {
        let has_rest = position.saturating_add(1) < letters.len();
        match letter {
            b'c' | b'm' => return Options::Command { has_value: has_rest },
            b'W' | b'X' => return if has_rest { Options::Flags } else { Options::Value },
            flag if FLAGS.contains(flag) => {}
            _ => return Options::Unknown,
        }
    }
    if letters.is_empty() { Options::Unknown } else { Options::Flags }
}

#[cfg(test)]
mod tests {
    use super::{Command, classify};

    fn command(line: &str) -> Command {
        let names_itself = |argument: &[u8]| argument == b"./app";
        classify(line.split_whitespace().map(str::as_bytes), names_itself)
    }

    #[test]
    fn python_command_lines_are_a_python() {
        for line in [
            "-c x",
            "-cx",
            "-m pkg",
            "-Ic x",
            "-I -S -c x",
            "-W ignore -c x",
            "-Wignore -m a",
            "-X dev -",
            "-",
            "-B script.py a",
            "/proc/self/exe/tool.py",
        ] {
            assert_eq!(command(line), Command::Python { skip: 0 }, "{line}");
        }
    }

    #[test]
    fn the_programs_own_arguments_reach_the_program() {
        for line in ["", "serve", "-v serve", "-c", "--check", "-z -c x", "--help", "-h", "file.txt", "-v", "-W"] {
            assert_eq!(command(line), Command::Program { skip: 0 }, "{line}");
        }
    }

    #[test]
    fn the_resource_tracker_is_known() {
        let is_known = |arguments: &[&str]| super::is_resource_tracker(arguments.iter().map(|text| text.as_bytes()));
        let script = "from multiprocessing.resource_tracker import main;main(12)";
        assert!(is_known(&["-c", script]));
        assert!(is_known(&["-I", "-Wignore", "-X", "utf8", "-c", script]));
        assert!(!is_known(&["-c", "from multiprocessing.resource_tracker import main;main(1);print(2)"]));
        assert!(!is_known(&["-c", "from multiprocessing.resource_tracker import main;main(x)"]));
        assert!(!is_known(&["serve", "-c", script]) && !is_known(&["-mx", "-c", script]));
        assert!(!is_known(&["-c"]) && !is_known(&[]));
    }

    #[test]
    fn starting_itself_again_drops_its_own_name() {
        assert_eq!(command("./app serve"), Command::Program { skip: 1 });
        assert_eq!(command("--multiprocessing-fork pipe_handle=5"), Command::Spawned);
    }
}
