//! Programs below which no start can be: a C program, or where there is no compiler what the system has.
//!
//! Comes in: a folder to compile in. Goes out: a candidate.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::candidates::Candidate;

const HELLO: &str = "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n";

/// What C compilers are called.
const COMPILERS: [&str; 3] = ["cc", "gcc", "clang"];

/// Compiles a C hello world; where that can't be, `true` stands for it, under its own name.
pub(super) fn floor(folder: &Path) -> Result<Candidate, String> {
    match compile(folder) {
        Ok(compiler) => {
            let description = format!("a C program that prints one line, compiled with {compiler} -O2");
            Ok(Candidate::floor("floor-c", "C hello world", &description, &folder.join("hello-c")))
        }
        Err(why) => {
            let program = ["/bin/true", "/usr/bin/true"].map(Path::new).into_iter().find(|path| path.is_file());
            let description = format!("the system's program that does nothing, because {why}");
            program.map(|path| Candidate::floor("floor-true", "/bin/true", &description, path)).ok_or(why)
        }
    }
}

fn compile(folder: &Path) -> Result<&'static str, String> {
    let source = folder.join("hello.c");
    fs::write(&source, HELLO).map_err(|error| error.to_string())?;
    let is_done = |compiler: &&&str| {
        let mut command = Command::new(compiler);
        command.arg("-O2").arg(&source).arg("-o").arg(folder.join("hello-c"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let found = COMPILERS.iter().find(is_done).copied();
    found.ok_or_else(|| "there is no C compiler (cc, gcc or clang)".to_owned())
}
