//! Grafting onto a real executable, and what `strip` and its like leave of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pyfreeze_format::PAYLOAD_ADDRESS;
use tempfile::TempDir;

use super::graft;
use crate::executable::{Durability, write};
use crate::inspect::payload_bytes;

/// Prints the payload from where the kernel must have mapped it.
const READER: &str = "
#include <stdio.h>
#include <stdlib.h>
int zeros[100000];
int main(int argc, char **argv) {
    for (int i = 0; i < 100000; i++) if (zeros[i]) return 3;
    free(malloc(100000));
    return fwrite((char *)PAYLOAD_ADDRESS, 1, atoi(argv[1]), stdout) > 0 ? 0 : 4;
}";

/// Not a multiple of the page size, and large enough to span pages.
fn sample_payload() -> Vec<u8> {
    (0..10_007_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    if !found {
        eprintln!("skipped: needs `{program}`");
    }
    found
}

fn compile(folder: &Path, options: &[&str]) -> PathBuf {
    let source = folder.join("reader.c");
    fs::write(&source, READER).unwrap();
    let stub = folder.join("reader");
    let address = format!("-DPAYLOAD_ADDRESS={PAYLOAD_ADDRESS}L");
    let mut gcc = Command::new("gcc");
    let status = gcc.args(options).arg(address).arg("-g").arg("-o").args([&stub, &source]).status().unwrap();
    assert!(status.success());
    stub
}

fn graft_to_file(stub: &Path, payload: &[u8]) -> PathBuf {
    let bytes = fs::read(stub).unwrap();
    let grafted = stub.with_extension("grafted");
    write(&graft(&bytes, payload, &[]).unwrap(), &grafted, Durability::Cached, &|_| ()).unwrap();
    grafted
}

fn run(executable: &Path, payload: &[u8]) -> Vec<u8> {
    let output = Command::new(executable).arg(payload.len().to_string()).output().unwrap();
    assert!(output.status.success(), "{}: {}", executable.display(), output.status);
    output.stdout
}

#[test]
fn kernel_maps_the_payload_and_every_tool_keeps_it() {
    if !has("gcc") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let payload = sample_payload();
    let grafted = graft_to_file(&compile(folder.path(), &["-no-pie"]), &payload);
    assert_eq!(run(&grafted, &payload), payload);
    let tools: [&[&str]; 9] = [
        &["strip"],
        &["strip", "--strip-all"],
        &["strip", "--strip-debug"],
        &["strip", "--strip-unneeded"],
        &["objcopy"],
        &["objcopy", "--remove-section=.comment", "--strip-debug"],
        &["objcopy", "--compress-debug-sections"],
        &["eu-strip"],
        &["eu-strip", "--strip-debug"],
    ];
    for tool in tools.iter().filter(|tool| has(tool[0])) {
        let changed = folder.path().join("changed");
        fs::copy(&grafted, &changed).unwrap();
        let status = Command::new(tool[0]).args(&tool[1..]).arg(&changed).status().unwrap();
        assert!(status.success(), "{tool:?}");
        assert_eq!(run(&changed, &payload), payload, "{tool:?}");
        let file = fs::read(&changed).unwrap();
        assert_eq!(payload_bytes(&file), Ok(&*payload), "{tool:?}");
    }
}

#[test]
fn statically_linked_stub_works_too() {
    if !has("gcc") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let payload = sample_payload();
    let grafted = graft_to_file(&compile(folder.path(), &["-no-pie", "-static"]), &payload);
    assert_eq!(run(&grafted, &payload), payload);
}

#[test]
fn debug_information_can_be_split_off() {
    if !has("gcc") || !has("objcopy") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let payload = sample_payload();
    let grafted = graft_to_file(&compile(folder.path(), &["-no-pie"]), &payload);
    let debug = folder.path().join("reader.debug");
    let objcopy = |arguments: &[&str]| {
        assert!(Command::new("objcopy").args(arguments).arg(&grafted).arg(&debug).status().unwrap().success());
    };
    objcopy(&["--only-keep-debug"]);
    let link = format!("--add-gnu-debuglink={}", debug.display());
    let stripped = folder.path().join("stripped");
    let status = Command::new("objcopy").args(["--strip-debug", &link]).args([&grafted, &stripped]).status();
    assert!(status.unwrap().success());
    assert_eq!(run(&stripped, &payload), payload);
}

#[test]
fn bytes_of_the_stub_stay_where_they_were() {
    if !has("gcc") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let stub = fs::read(compile(folder.path(), &["-no-pie"])).unwrap();
    let image = graft(&stub, b"payload", &[]).unwrap();
    let grafted: Vec<u8> = image.parts().flatten().copied().collect();
    assert_eq!(grafted.len() as u64, image.size());
    // The ELF header and 13 program headers at most are what may differ.
    let end_of_headers = 64 + 56 * usize::from(u16::from_le_bytes([stub[56], stub[57]]));
    assert_eq!(grafted[end_of_headers..stub.len()], stub[end_of_headers..]);
    assert_eq!(payload_bytes(&grafted), Ok(b"payload".as_slice()));
}

#[test]
fn other_files_are_refused() {
    let message = |stub: &[u8]| graft(stub, b"payload", &[]).unwrap_err().to_string();
    assert_eq!(message(b""), "Cannot use the runtime's stub: it is cut off");
    let not_elf = "Cannot use the runtime's stub: it is not a non-PIE ELF executable for x86-64";
    assert_eq!(message(&[0; 4096]), not_elf);
    if !has("gcc") {
        return;
    }
    let folder = TempDir::new().unwrap();
    assert_eq!(message(&fs::read(compile(folder.path(), &["-pie"])).unwrap()), not_elf);
    let stub = fs::read(compile(folder.path(), &["-no-pie"])).unwrap();
    let grafted: Vec<u8> = graft(&stub, b"payload", &[]).unwrap().parts().flatten().copied().collect();
    assert_eq!(
        message(&grafted),
        "Cannot use the runtime's stub: one of its segments lies at or above the payload's address"
    );
    let without_notes = replaced_notes(&stub);
    assert_eq!(
        message(&without_notes),
        "Cannot use the runtime's stub: it has no PT_NOTE program header whose slot the payload could take"
    );
    for size in (0..stub.len()).step_by(97) {
        let _ = graft(&stub[..size], b"payload", &[]);
    }
}

/// The stub with every PT_NOTE (4) turned into PT_NULL (0).
fn replaced_notes(stub: &[u8]) -> Vec<u8> {
    let mut stub = stub.to_vec();
    let segment_count = usize::from(u16::from_le_bytes([stub[56], stub[57]]));
    for start in (0..segment_count).map(|index| 64 + 56 * index) {
        if stub[start..start + 4] == 4_u32.to_le_bytes() {
            stub[start..start + 4].fill(0);
        }
    }
    stub
}

#[test]
fn damaged_headers_never_panic() {
    if !has("gcc") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let stub = fs::read(compile(folder.path(), &["-no-pie"])).unwrap();
    let headers_end = 64 + 56 * usize::from(u16::from_le_bytes([stub[56], stub[57]]));
    for index in 0..headers_end {
        for value in [0, 1, 0x7f, 0xff] {
            let mut damaged = stub.clone();
            damaged[index] = value;
            if let Ok(image) = graft(&damaged, b"payload", &[]) {
                let grafted: Vec<u8> = image.parts().flatten().copied().collect();
                let _ = payload_bytes(&grafted);
            }
        }
    }
}
