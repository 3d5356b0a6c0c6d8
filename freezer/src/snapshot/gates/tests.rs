//! Recordings of processes that never were, with something planted in them: what must be found is found, by its right
//! name, and what is harmless is not.

mod elf;
mod process;

use std::path::Path;

use pyfreeze_format::{PathText, ProcessPath};

use super::{Finding, GateError, Gates, check, kept_words};
use elf::ElfFile;
use process::{CLOSE, ENVIRON, LIBRARY, LIBRARY_PATH, OBJECTS, OBJECTS_SIZE, Process, RUNTIME, VARIABLE};

/// Two processes in which `plant` has put something, and what the gates say.
fn gates_with_slots(plant: impl Fn(&mut Process, u64), slots: &[(u64, u64)]) -> Gates {
    try_gates(plant, slots).unwrap()
}

fn gates(plant: impl Fn(&mut Process, u64)) -> Gates {
    gates_with_slots(plant, &[])
}

fn try_gates(plant: impl Fn(&mut Process, u64), slots: &[(u64, u64)]) -> Result<Gates, GateError> {
    let folder = tempfile::tempdir().unwrap();
    write_libc(folder.path());
    let record = |variant| {
        let mut process = Process::new(variant, folder.path());
        plant(&mut process, variant);
        process.record(folder.path())
    };
    let folders = [record(0), record(1)];
    check(folders.each_ref().map(|folder| &**folder), &Process::stub(), slots, &PATHS)
}

/// The recorded values of HOME, and the recorded programs.
const HOMES: [&str; 2] = ["/tmp/room-a/home", "/tmp/room-b/home"];
const PATHS: [(ProcessPath, [&str; 2]); 2] =
    [(ProcessPath::Home, HOMES), (ProcessPath::Executable, ["/tmp/room-a/program", "/tmp/room-b/program"])];

fn write_libc(folder: &Path) {
    let symbols = [("memmove", 0x1000, 0x80), ("close", 0x1100, 0x20), ("stdin", 0x2300, 8)];
    let file = ElfFile { base: 0, constants: b"", writable_size: 0x1000, symbols: &symbols, relocations: &[] };
    std::fs::write(folder.join("libc.so.6"), file.bytes()).unwrap();
}

fn texts(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn assert_clean(gates: &Gates) {
    assert!(!gates.is_refused(), "{:?} {:?}", texts(&gates.escapes), texts(&gates.unknown));
}

#[test]
fn the_dynamic_loader_s_words_are_kept() {
    let kept = [(ENVIRON, 8), (CLOSE, 8)];
    assert_eq!(kept_words(&Process::stub()).unwrap(), [(0x40_2300, 8), kept[0], kept[1]]);
    let gates = gates(|process, _| process.put(ENVIRON, process.bases.stack + 0x1000));
    assert_clean(&gates);
    assert_eq!(gates.kept, kept);
    assert_eq!((gates.statistics.kept, gates.statistics.differing), (2, 2));
}

#[test]
fn a_pointer_into_libc_is_an_escape() {
    let gates = gates(|process, _| {
        let dict = process.small(64) + 16;
        let dict = process.object(dict, "dict");
        process.put(dict + 24, process.libc() + 0x1000);
        process.put(VARIABLE, process.libc() + 0x1800);
        process.put(RUNTIME + 0x208, process.libc() + 0x2304);
    });
    let expected = [
        "_PyRuntime in the stub at 0x403000 +0x208 → libc.so.6 stdin+0x4",
        "data in the stub at 0x403000 +0x500 → libc.so.6+0x1800",
        "dict in object region at 0x2000000040 +0x18 → libc.so.6 memmove+0x0",
    ];
    assert_eq!(texts(&gates.escapes), expected);
    assert_eq!(gates.unknown, []);
    assert!(gates.is_refused());
}

#[test]
fn pointers_to_heap_stack_and_thread_are_escapes() {
    let gates = gates(|process, variant| {
        let block = process.large(1000);
        process.put(block, process.bases.heap + 0x10);
        // The stack also moves within its mapping.
        process.put(block + 8, process.bases.stack + 0x2_0000 - variant * 0x4530);
        process.put(block + 16, process.tls() + 0x740);
        process.put(process.tls() + 8, process.tls() + 8);
    });
    let expected = [
        "block of 1008 bytes in raw region at 0x3000000010 +0x0 → [heap]+0x10",
        "block of 1008 bytes in raw region at 0x3000000010 +0x8 → [stack]+0x20000",
        "block of 1008 bytes in raw region at 0x3000000010 +0x10 → the thread's memory+0x740",
        "data in thread-local storage at 0x7f12344ff000 +0x8 → thread-local storage+0x8",
    ];
    assert_eq!(texts(&gates.escapes), expected);
}

#[test]
fn an_address_in_an_int_is_an_escape() {
    let gates = gates(|process, _| {
        let int = process.int(process.libc() + 0x1000);
        process.module("ctypes", "_memmove_addr", int);
    });
    let expected = ["int in object region at 0x2000000030 +0x18 → libc.so.6 memmove+0x0, in `ctypes._memmove_addr`"];
    assert_eq!(texts(&gates.escapes), expected);
}

#[test]
fn what_is_there_again_may_be_pointed_to() {
    let gates = gates(|process, _| {
        let block = process.large(128);
        let targets = [
            0x40_0100,
            VARIABLE,
            pyfreeze_format::PAYLOAD_ADDRESS + 0x5000,
            OBJECTS + OBJECTS_SIZE,
            OBJECTS + 0x20_0000,
            block,
            0x0fff_ffff_0000,
            0xffff_ffff_ff60_0000,
        ];
        for (target, offset) in targets.iter().zip((0..).step_by(8)) {
            process.put(block + offset, *target);
        }
    });
    assert_clean(&gates);
    assert_eq!(gates.statistics.integers, 0);
}

#[test]
fn integers_that_look_like_addresses_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (heap, libc) = {
        let process = Process::new(0, folder.path());
        (process.bases.heap, process.libc())
    };
    let gates = gates(|process, _| {
        let block = process.large(128);
        process.put(block, heap + 0x20);
        process.put(block + 8, libc + 0x20);
        process.put(block + 16, 0x1234);
    });
    assert_clean(&gates);
    assert_eq!(gates.statistics.integers, 2);
    assert_eq!(gates.statistics.unmoved, Vec::<String>::new());
}

#[test]
fn without_randomisation_integers_count_as_pointers() {
    let gates = gates(|process, variant| {
        process.bases.heap -= variant * 0x6_7000;
        process.put(VARIABLE, 0x120_0020);
    });
    assert_eq!(texts(&gates.escapes), ["data in the stub at 0x403000 +0x500 → [heap]+0x20"]);
    assert_eq!(gates.statistics.unmoved, ["[heap]"]);
}

#[test]
fn words_that_differ_are_unknown() {
    let gates = gates(|process, variant| {
        let pid = process.int(4000 + variant);
        process.module("multiprocessing.process", "_parent_pid", pid);
        let float = process.small(32);
        process.object(float, "float");
        process.put(float + 16, (1.5 + f64::from(u8::try_from(variant).unwrap())).to_bits());
        process.put(VARIABLE, 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(variant + 1));
        process.str(if variant == 0 { "/nonexistent/a" } else { "/nonexistent/b" });
        process.put(process.tls() + 0x10, variant);
    });
    let expected = [
        "data in the stub at 0x403000 +0x500: 0x9e3779b97f4a7c15 / 0x3c6ef372fe94f82a",
        "int in object region at 0x2000000030 +0x18: 4000 / 4001, in `multiprocessing.process._parent_pid`",
        "float in object region at 0x2000000050 +0x10: 1.5 / 2.5",
        "str in object region at 0x20000040f0 +0x30: \"/nonexistent/a\" / \"/nonexistent/b\"",
        "data in thread-local storage at 0x7f12344ff000 +0x10: 0x0 / 0x1",
    ];
    assert_eq!(texts(&gates.unknown), expected);
    assert_eq!(gates.escapes, []);
    assert_eq!(gates.statistics.unknown, 5);
}

#[test]
fn registered_slots_may_hold_anything() {
    let slots = [(VARIABLE, 16)];
    let plant = |process: &mut Process, variant| {
        process.put(VARIABLE, process.libc());
        process.put(VARIABLE + 8, variant);
        process.put(VARIABLE + 16, variant);
    };
    let gates = gates_with_slots(plant, &slots);
    assert_eq!(texts(&gates.unknown), ["data in the stub at 0x403000 +0x510: 0x0 / 0x1"]);
    assert_eq!((gates.statistics.slots, gates.statistics.escapes), (2, 0));
}

#[test]
fn generators_are_reseeded() {
    let gates = gates(|process, variant| {
        // One of `_random.Random`, one of a subclass with a dictionary, one that was given a seed.
        let plain = process.large(2520);
        let plain = process.object(plain, "_random.Random");
        let (subclass, name) = (process.large(928), process.large(16));
        process.object(subclass, "type");
        process.put(name, u64::from_le_bytes(*b"Random\0\0"));
        process.put(subclass + 24, name);
        process.put(subclass + 32, 2520);
        process.put(subclass + 168, 1 << 12);
        process.put(subclass + 256, Process::kind("_random.Random"));
        let of_subclass = process.large(2552) + 32;
        process.put(of_subclass, 1);
        process.put(of_subclass + 8, subclass);
        let seeded = process.large(2520);
        process.object(seeded, "_random.Random");
        for offset in (16..2512).step_by(8) {
            process.put(plain + offset, offset * (variant + 3));
            process.put(of_subclass + offset, offset * (variant + 7));
            process.put(seeded + offset, offset * 11);
        }
    });
    assert_clean(&gates);
    let expected = [0x30_0000_0010, 0x30_0000_0010 + 2528 + 16 + 928 + 16 + 16 + 16 + 32];
    assert_eq!(gates.reseeded, expected);
    assert_eq!(gates.statistics.reseeded, 2 * 312);
}

#[test]
fn what_nobody_reads_is_blanked() {
    let gates = gates(|process, variant| {
        let block = process.small(80);
        process.put(block + 8, process.libc() + 0x1000);
        process.put(block + 16, variant);
        process.free(block);
        // One digit: the rest of the word is left over from before.
        let int = process.int(5);
        process.put(int + 24, (variant + 1) << 32 | 5);
        // Never given out.
        process.put(int + 0x100, process.bases.stack);
    });
    assert_clean(&gates);
    assert_eq!(gates.blank, [(0x20_0000_0038, 16), (0x20_0000_404c, 4), (0x20_0000_4130, 8)]);
    let expected = [
        "free block of 80 bytes in object region at 0x2000000030 +0x8 (2 words) → libc.so.6 memmove+0x0",
        "int in object region at 0x2000004030 +0x18: 0x100000005 / 0x200000005",
        "unused block in object region at 0x2000004130 +0x0 → [stack]+0x0",
    ];
    assert_eq!(texts(&gates.stale), expected);
}

#[test]
fn what_a_foreign_type_keeps_behind_its_objects_is_not_blanked() {
    let gates = gates(|process, variant| {
        let (owning, name) = (process.large(928), process.large(16));
        process.object(owning, "type");
        process.put(name, u64::from_le_bytes(*b"CDataOwn"));
        process.put(owning + 24, name);
        process.put(owning + 32, 24);
        process.put(owning + 168, 1 << 12);
        let object = process.small(64);
        process.put(object, 1);
        process.put(object + 8, owning);
        process.put(object + 40, variant + 1);
    });
    assert_eq!(texts(&gates.unknown), ["CDataOwn in object region at 0x2000000030 +0x28: 0x1 / 0x2"]);
    assert_eq!(gates.blank, []);
}

#[test]
fn what_lies_behind_a_long_double_is_blanked() {
    let gates = gates(|process, variant| {
        let (kind, name) = (process.large(928), process.large(32));
        process.object(kind, "type");
        process.put(name, u64::from_le_bytes(*b"numpy.lo"));
        process.put(name + 8, u64::from_le_bytes(*b"ngdouble"));
        process.put(kind + 24, name);
        process.put(kind + 32, 32);
        process.put(kind + 168, 1 << 12);
        let object = process.small(32);
        process.put(object, 1);
        process.put(object + 8, kind);
        process.put(object + 16, 1 << 63);
        process.put(object + 24, (variant + 1) << 16 | 0x3fff);
        // Another number.
        let object = process.small(32);
        process.put(object, 1);
        process.put(object + 8, kind);
        process.put(object + 24, 0x3fff + variant);
    });
    assert_eq!(gates.blank, [(0x20_0000_004a, 6)]);
    assert_eq!(texts(&gates.unknown), ["numpy.longdouble in object region at 0x2000000050 +0x18: 0x3fff / 0x4000"]);
}

#[test]
fn the_rest_of_an_address_behind_a_short_value_is_blanked() {
    let gates = gates(|process, variant| {
        let block = process.large(64);
        // The upper half of the C library's addresses.
        process.put(block, process.libc() >> 32 << 32 | 7);
        process.put(block + 8, (0x1234_5678 + variant) << 32 | 7);
    });
    assert_eq!(
        texts(&gates.unknown),
        ["block of 64 bytes in raw region at 0x3000000010 +0x8: 0x1234567800000007 / 0x1234567900000007"]
    );
    assert_eq!(gates.blank, [(0x30_0000_0014, 4)]);
}

#[test]
fn texts_with_paths_are_blanked_and_named() {
    const UNHASHED: u64 = u64::MAX;
    let of_home = |process: &mut Process, variant: u64, name: &str, behind: &str| {
        let text = process.str(&format!("{}{behind}", HOMES[usize::try_from(variant).unwrap()]));
        process.put(text + 24, UNHASHED);
        process.module(name, "path", text);
        text
    };
    let address = std::cell::Cell::new(0);
    let found = gates(|process, variant| address.set(of_home(process, variant, "settings", "/.config")));
    assert_eq!(texts(&found.unknown), [""; 0]);
    assert_eq!(found.path_texts, [PathText { address: address.get(), offset: 0, size: 16, path: ProcessPath::Home }]);
    assert_eq!(found.blank, [(address.get() + 40, 16)]);

    // Somebody has hashed it, or it is not all that differs.
    let found = gates(|process, variant| {
        let text = of_home(process, variant, "settings", "/.config");
        process.put(text + 24, 4711);
        of_home(process, variant, "other", ["/a", "/b"][usize::try_from(variant).unwrap()]);
    });
    assert_eq!((found.path_texts.len(), found.is_refused()), (0, true));
    let suspects: Vec<_> = found.suspects().into_iter().map(|owner| owner.module.as_str()).collect();
    assert_eq!(suspects, ["other", "settings"]);
}

#[test]
fn allocator_s_own_words_are_never_blanked() {
    let gates = gates(|process, variant| {
        let (one, other) = (process.small(48), process.small(48));
        process.free(if variant == 0 { one } else { other });
    });
    let expected = "allocator's header in object region at 0x2000000000 +0x8: 0x2000000030 / 0x2000000060";
    assert_eq!(texts(&gates.unknown), [expected]);
    assert_eq!(gates.blank, []);
}

#[test]
fn another_version_of_python_explains_nothing() {
    let gates = gates(|process, variant| {
        process.put(RUNTIME + 8, 0x030e_00f0);
        let plain = process.large(2520);
        let plain = process.object(plain, "_random.Random");
        process.put(plain + 24, variant);
        let block = process.small(80);
        process.put(block + 16, variant);
        process.free(block);
    });
    assert_eq!((gates.reseeded.len(), gates.blank.len(), gates.unknown.len()), (0, 0, 2));
}

#[test]
fn who_only_points_to_what_has_moved_is_no_suspect() {
    let gates = gates(|process, variant| {
        let salt = process.int(variant + 1);
        process.module("random_order", "salt", salt);
        let blocks = [process.small(32), process.small(32)];
        let (number, text) = if variant == 0 { (0, 1) } else { (1, 0) };
        process.object(blocks[number], "float");
        process.object(blocks[text], "int");
        process.module("innocent", "value", blocks[number]);
    });
    let modules: Vec<_> = gates.suspects().into_iter().map(|owner| &*owner.module).collect();
    assert_eq!(modules, ["random_order"]);
    let consequences: Vec<_> = gates.unknown.iter().map(|finding| finding.is_consequence).collect();
    assert_eq!(consequences, [false, true, true, true]);
}

#[test]
fn libraries_without_a_module_are_suspects() {
    let gates = gates(|process, _| {
        let block = process.large(64);
        process.put(block, process.bases.heap);
        process.put(LIBRARY + 0x10, block);
        let file = process.str(LIBRARY_PATH);
        let path = process.str("/lib/a.so");
        process.module("a", "__file__", path);
        process.module("b", "__path__", file);
    });
    let expected =
        [format!("block of 64 bytes in raw region at 0x3000000010 +0x0 → [heap]+0x0, below `{LIBRARY_PATH}`")];
    assert_eq!(texts(&gates.escapes), expected);
    assert_eq!(gates.suspect_libraries(), [LIBRARY_PATH]);
    assert_eq!(gates.suspects(), Vec::<&super::Owner>::new());
}

#[test]
fn what_a_library_holds_is_its_module_s() {
    let gates = gates(|process, _| {
        let block = process.large(64);
        process.put(block, process.bases.heap);
        process.put(LIBRARY + 0x10, block);
        process.put(LIBRARY + 0x18, process.libc());
        let file = process.str(LIBRARY_PATH);
        process.module("package.speedups", "__file__", file);
    });
    let expected = [
        "data in speedups.so at 0x1000200000 +0x18 → libc.so.6+0x0, in `package.speedups`",
        "block of 64 bytes in raw region at 0x3000000010 +0x0 → [heap]+0x0, in `package.speedups`",
    ];
    assert_eq!(texts(&gates.escapes), expected);
    assert_eq!(gates.suspect_libraries(), Vec::<String>::new());
}

#[test]
fn neighbours_are_one_finding() {
    let gates = gates(|process, variant| {
        let block = process.large(1024);
        for offset in (0..512).step_by(8) {
            process.put(block + offset, offset + variant);
        }
    });
    let expected = ["block of 1024 bytes in raw region at 0x3000000010 +0x0 (64 words): 0x0 / 0x1"];
    assert_eq!(texts(&gates.unknown), expected);
    assert_eq!(gates.statistics.unknown, 64);
}

#[test]
fn regions_of_two_sizes_are_refused() {
    let gates = gates(|process, variant| {
        if variant == 1 {
            process.grow_raw();
        }
    });
    let expected = ["the size in raw region at 0x3000000000 +0x0: 0x10000 bytes / 0x11000 bytes"];
    assert_eq!(texts(&gates.unknown), expected);
}

#[test]
fn a_shifted_region_is_refused_in_few_words() {
    let gates = gates(|process, variant| {
        for address in (OBJECTS..OBJECTS + OBJECTS_SIZE).step_by(16) {
            process.put(address, address * (variant + 1));
        }
    });
    assert!(gates.is_refused());
    assert_eq!(gates.statistics.unknown, OBJECTS_SIZE / 16);
    let last = gates.unknown.last().unwrap().to_string();
    assert_eq!(last, "more words in all regions at 0x0 +0x0 (2096 words): not looked at");
}

#[test]
fn files_that_do_not_fit_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let error = |folders: [&Path; 2]| check(folders, &Process::stub(), &[], &PATHS).unwrap_err().to_string();
    let missing = error([folder.path(), folder.path()]);
    assert!(missing.starts_with(&format!("Cannot read `{}/ranges`", folder.path().display())), "{missing}");
    let good = [0, 1].map(|variant| Process::new(variant, folder.path()).record(folder.path()));
    std::fs::write(good[1].join("memory"), b"short").unwrap();
    let cut = error([&good[0], &good[1]]);
    let expected = format!("Cannot understand the recording `{}/ranges`: the ranges have", good[1].display());
    assert!(cut.starts_with(&expected), "{cut}");
    let stub = check([&good[0], &good[0]], b"no ELF file", &[], &PATHS).unwrap_err().to_string();
    assert!(stub.starts_with("Cannot read the stub: "), "{stub}");
}
