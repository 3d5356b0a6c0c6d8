//! `cargo xtask order`: the functions that a start calls, for the linker to put side by side.
//!
//! Comes in: the stub with its map, two small programs that are frozen and run step by step. Goes out:
//! `runtime-stub/order.txt`, one name a line in the order of first calls. To be run when CPython or the start has changed; a
//! name that is gone does no harm.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::machine;
use crate::process::{Failure, checkout, output, run, target_folder};
use crate::product;

const STEP: &str = include_str!("order/step.c");

/// What is started: nothing, and what many programs import.
const PROGRAMS: [(&str, &str); 2] = [
    ("hello", "print('hello')\n"),
    (
        "imports",
        "import argparse, asyncio, collections, dataclasses, datetime, email.message, json, logging, pathlib, re, sqlite3\n\
         import ssl, subprocess, sys, typing, urllib.request\n\
         print(json.dumps({'arguments': sys.argv[1:]}), re.sub('a+', 'b', 'caat'), pathlib.Path('x') / 'y')\n",
    ),
];

/// Writes the list anew.
pub(crate) fn write() -> Result<ExitCode, Failure> {
    machine::prepare(&[("cc", "gcc")])?;
    let product = product::build()?;
    let folder = target_folder().join("order");
    fs::create_dir_all(&folder).map_err(Failure::io("create", &folder))?;
    let (source, step) = (folder.join("step.c"), folder.join("step"));
    fs::write(&source, STEP).map_err(Failure::io("write", &source))?;
    run(Command::new("cc").arg("-O2").arg("-o").arg(&step).arg(&source))?;
    let path = &product.runtime.map;
    let map = fs::read_to_string(path).map_err(Failure::io("read", path))?;
    let functions = functions(&map);
    let [Some(low), Some(high)] = [functions.first(), functions.last()] else {
        return Err(Failure::new(format!("`{}` names no functions", path.display())));
    };
    let mut names = Vec::new();
    let mut seen = HashSet::new();
    for (name, text) in PROGRAMS {
        let program = freeze(&product.pyfreeze, &folder, name, text)?;
        let mut trace = Command::new(&step);
        trace.arg(format!("{:x}", low.0)).arg(format!("{:x}", high.0)).arg(&program);
        let trace = output(trace.env_clear().env("LANG", "C.UTF-8").env("HOME", "/"))?;
        let addresses = trace.lines().filter_map(|line| u64::from_str_radix(line, 16).ok());
        names
            .extend(addresses.filter_map(|address| function_at(&functions, address)).filter(|name| seen.insert(*name)));
    }
    let list = checkout().join("runtime-stub/order.txt");
    fs::write(&list, names.join("\n") + "\n").map_err(Failure::io("write", &list))?;
    println!("{}: {} functions", list.display(), names.len());
    Ok(ExitCode::SUCCESS)
}

fn freeze(pyfreeze: &Path, folder: &Path, name: &str, text: &str) -> Result<std::path::PathBuf, Failure> {
    let script = folder.join(format!("{name}.py"));
    fs::write(&script, text).map_err(Failure::io("write", &script))?;
    let program = folder.join(name);
    run(Command::new(pyfreeze).args(["build", "--quiet", "--strict"]).arg(&script).arg("-o").arg(&program))?;
    Ok(program)
}

/// The symbols of the section `.text` in one of lld's maps, ascending by address. Behind four columns of numbers stand the
/// names: of sections, indented by 8 of their parts, by 16 of the symbols in these.
fn functions(map: &str) -> Vec<(u64, &str)> {
    const NUMBERS_END: usize = 49;
    let mut functions = Vec::new();
    let mut is_text = false;
    for (numbers, name) in map.lines().filter_map(|line| line.split_at_checked(NUMBERS_END)) {
        if !name.starts_with(' ') {
            is_text = name == ".text";
        }
        let address = numbers.split_whitespace().next().and_then(|word| u64::from_str_radix(word, 16).ok());
        if let (true, Some(address), Some(name)) = (is_text, address, name.strip_prefix("                ")) {
            functions.push((address, name));
        }
    }
    functions.sort_by_key(|(address, _)| *address);
    functions
}

/// The C function at an address. What is Rust's has another name after every change.
fn function_at<'m>(functions: &[(u64, &'m str)], address: u64) -> Option<&'m str> {
    let next = functions.partition_point(|(start, _)| *start <= address);
    let (_, name) = functions.get(next.checked_sub(1)?)?;
    name.chars().all(|one| one.is_ascii_alphanumeric() || "_.".contains(one)).then_some(*name)
}

#[cfg(test)]
mod tests {
    use super::{function_at, functions};

    #[test]
    fn functions_of_a_map() {
        let map = "             VMA              LMA     Size Align Out     In      Symbol
          4002e0           4002e0       1c     1 .rodata
          4002e0           4002e0       1c     1                 a_constant
          9e4000           9e4000   8fb604  4096 .text
          9e4000           9e4000       2c    16         lib/crt1.o:(.text)
          9e4000           9e4000       2b     1                 _start
          9e4030           9e4030       66     1                 main
          9e40a0           9e40a0       10     1                 core::fmt::write::h0123456789abcdef
         12e0000          12e0000       10     1 .data
         12e0000          12e0000       10     1                 a_variable
";
        let functions = functions(map);
        assert_eq!(functions.len(), 3);
        let name = |address| function_at(&functions, address);
        assert_eq!([name(0x9e_4000), name(0x9e_402a), name(0x9e_4031)], [Some("_start"), Some("_start"), Some("main")]);
        assert_eq!([name(0x9e_3fff), name(0x9e_40a0)], [None, None]);
    }
}
