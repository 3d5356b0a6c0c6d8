//! Processes with a few Python objects in them, of which two variants can be made.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use goblin::elf::reloc;
use pyfreeze_format::PAYLOAD_ADDRESS;

use super::elf::{CONSTANTS, ElfFile, WRITABLE};

const STUB: u64 = 0x40_0000;
/// `_PyRuntime`, with which the stub's saved data begins.
pub(crate) const RUNTIME: u64 = STUB + 0x3000;
pub(crate) const DATA_SIZE: u64 = 0x2000;
/// A variable that the dynamic loader copies.
pub(crate) const ENVIRON: u64 = RUNTIME + 0x400;
/// A word that the dynamic loader fills.
pub(crate) const CLOSE: u64 = RUNTIME + 0x410;
/// Nothing in particular.
pub(crate) const VARIABLE: u64 = RUNTIME + 0x500;
const TYPES: u64 = RUNTIME + 0x800;

pub(crate) const OBJECTS: u64 = 0x20_0000_0000;
pub(crate) const OBJECTS_SIZE: u64 = 0x1_0000;
/// The data of a library of the payload.
pub(crate) const LIBRARY: u64 = PAYLOAD_ADDRESS + 0x20_0000;
pub(crate) const LIBRARY_PATH: &str = "/proc/self/exe/speedups.so";
const RAW: u64 = 0x30_0000_0000;
const RAW_SIZE: u64 = 0x1_0000;
pub(crate) const TLS_SIZE: u64 = 0x40;
const POOL_SIZE: u64 = 0x4000;

const NAMES: &[&str] = &["type", "int", "dict", "str", "module", "_random.Random", "float", "object"];

/// Where the machine puts what is randomised.
pub(crate) struct Bases {
    pub(crate) heap: u64,
    pub(crate) libc: u64,
    pub(crate) stack: u64,
}

/// A process that was recorded.
pub(crate) struct Process {
    pub(crate) bases: Bases,
    libc: PathBuf,
    words: BTreeMap<u64, u64>,
    /// The next unused block of each pool.
    pools: BTreeMap<u64, u64>,
    raw_end: u64,
    raw_size: u64,
}

impl Process {
    pub(crate) fn new(variant: u64, folder: &Path) -> Self {
        let bases = Bases {
            heap: 0x120_0000 + variant * 0x6_7000,
            libc: 0x7f12_3450_0000 + variant * 0x11_1111_1000,
            stack: 0x7ffe_0000_0000 + variant * 0x7000,
        };
        let mut process = Self {
            bases,
            libc: folder.join("libc.so.6"),
            words: BTreeMap::new(),
            pools: BTreeMap::new(),
            raw_end: RAW,
            raw_size: RAW_SIZE,
        };
        process.put(RUNTIME, u64::from_le_bytes(*b"xdebugpy"));
        process.put(RUNTIME + 8, 0x030d_05f0);
        for (name, kind) in NAMES.iter().zip(0..) {
            process.make_type(name, TYPES + kind * 0x1a0, 0);
        }
        process.put(CLOSE, process.libc() + 0x1100);
        process
    }

    /// Both recordings' folders, and the stub.
    pub(crate) fn stub() -> Vec<u8> {
        let symbols = [("_PyRuntime", RUNTIME, 0x300), ("environ", ENVIRON, 8), ("close", 0, 0)];
        let relocations = [
            (ENVIRON, reloc::R_X86_64_COPY, 2),
            (CLOSE, reloc::R_X86_64_64, 3),
            (STUB + WRITABLE + 0x300, reloc::R_X86_64_GLOB_DAT, 3),
        ];
        let file = ElfFile {
            base: STUB,
            constants: &NAMES.join("\0").into_bytes(),
            writable_size: RUNTIME + DATA_SIZE - STUB - WRITABLE,
            symbols: &symbols,
            relocations: &relocations,
        };
        file.bytes()
    }

    pub(crate) fn put(&mut self, address: u64, value: u64) {
        assert!(address.is_multiple_of(8));
        self.words.insert(address, value);
    }

    /// Where the machine's C library begins.
    pub(crate) fn libc(&self) -> u64 {
        self.bases.libc
    }

    pub(crate) fn tls(&self) -> u64 {
        self.bases.libc - 0x1000
    }

    pub(crate) fn kind(name: &str) -> u64 {
        TYPES + NAMES.iter().zip(0..).find(|(known, _)| **known == name).unwrap().1 * 0x1a0
    }

    fn make_type(&mut self, name: &str, address: u64, base: u64) {
        let text: u64 = NAMES.iter().take_while(|known| **known != name).map(|known| known.len() as u64 + 1).sum();
        let basic_size = match name {
            "type" => 928,
            "_random.Random" => 2520,
            "dict" => 48,
            "module" => 56,
            _ => 24,
        };
        // `type` is a type of types.
        let subclass_flag = if name == "type" { 1 << 31 } else { 0 };
        let item_size = if matches!(name, "int" | "type") { 4 } else { 0 };
        self.put(address, 1);
        self.put(address + 8, TYPES);
        self.put(address + 24, STUB + CONSTANTS + text);
        self.put(address + 32, basic_size);
        self.put(address + 40, item_size);
        self.put(address + 168, 1 << 12 | subclass_flag);
        self.put(address + 256, base);
    }

    /// A block of CPython's allocator.
    pub(crate) fn small(&mut self, size: u64) -> u64 {
        let size = size.next_multiple_of(16);
        let pool = OBJECTS
            + POOL_SIZE * self.pools.keys().position(|known| *known == size).map_or(self.pools.len(), |_| 0) as u64;
        let pool = match self.pools.get(&size) {
            Some(next) => next / POOL_SIZE * POOL_SIZE,
            None => pool,
        };
        let block = *self.pools.entry(size).or_insert(pool + 48);
        self.pools.insert(size, block + size);
        self.put(pool, 1);
        self.put(pool + 32, (size / 16 - 1) << 32);
        self.put(pool + 40, (POOL_SIZE - size) << 32 | (block + size - pool));
        block
    }

    /// Puts a block on its pool's list of free ones.
    pub(crate) fn free(&mut self, block: u64) {
        let list = block / POOL_SIZE * POOL_SIZE + 8;
        let before = self.words.get(&list).copied().unwrap_or(0);
        self.put(block, before);
        self.put(list, block);
    }

    /// A block of the stub's allocator.
    pub(crate) fn large(&mut self, size: u64) -> u64 {
        let size = size.next_multiple_of(16);
        let block = self.raw_end + 16;
        self.put(block - 8, size);
        self.raw_end = block + size;
        block
    }

    /// Lets the raw region be of another size.
    pub(crate) fn grow_raw(&mut self) {
        self.raw_size += 0x1000;
    }

    /// An object at an address.
    pub(crate) fn object(&mut self, address: u64, kind: &str) -> u64 {
        self.put(address, 1);
        self.put(address + 8, Self::kind(kind));
        address
    }

    pub(crate) fn int(&mut self, value: u64) -> u64 {
        let digits = [value & 0x3fff_ffff, value >> 30 & 0x3fff_ffff, value >> 60];
        let count = digits.iter().rposition(|digit| *digit != 0).map_or(1, |last| last as u64 + 1);
        let block = self.small(24 + 4 * count);
        let int = self.object(block, "int");
        self.put(int + 16, count << 3);
        self.put(int + 24, digits[1] << 32 | digits[0]);
        if count > 2 {
            self.put(int + 32, digits[2]);
        }
        int
    }

    pub(crate) fn str(&mut self, text: &str) -> u64 {
        let block = self.small(41 + text.len() as u64);
        let str = self.object(block, "str");
        self.put(str + 16, text.len() as u64);
        self.put(str + 32, 1 << 6 | 1 << 5 | 1 << 2);
        for (part, offset) in text.as_bytes().chunks(8).zip((40..).step_by(8)) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.put(str + offset, u64::from_le_bytes(word));
        }
        str
    }

    /// A module with one name in it.
    pub(crate) fn module(&mut self, name: &str, attribute: &str, value: u64) -> u64 {
        let (name, attribute) = (self.str(name), self.str(attribute));
        let keys = self.small(80);
        self.put(keys + 40, attribute);
        self.put(keys + 48, value);
        let dict = self.small(64) + 16;
        let dict = self.object(dict, "dict");
        self.put(dict + 32, keys);
        let module = self.small(72) + 16;
        let module = self.object(module, "module");
        self.put(module + 16, dict);
        self.put(module + 48, name);
        module
    }

    /// Writes a recording folder.
    pub(crate) fn record(&self, folder: &Path) -> PathBuf {
        let folder = folder.join(format!("recording-{:x}", self.bases.libc));
        std::fs::create_dir_all(&folder).unwrap();
        let ranges = [
            ("data", RUNTIME, DATA_SIZE, ""),
            ("objects", OBJECTS, OBJECTS_SIZE, ""),
            ("raw", RAW, self.raw_size, ""),
            ("tls", self.tls(), TLS_SIZE, ""),
            ("library", LIBRARY, 0x1000, LIBRARY_PATH),
        ];
        let (mut text, mut memory) = (String::new(), Vec::new());
        for (kind, address, size, name) in ranges {
            writeln!(text, "{kind} {address:x} {size:x} {name}").unwrap();
            let words = (address..address + size).step_by(8);
            memory.extend(words.flat_map(|at| self.words.get(&at).copied().unwrap_or(0).to_le_bytes()));
        }
        std::fs::write(folder.join("ranges"), text).unwrap();
        std::fs::write(folder.join("memory"), memory).unwrap();
        std::fs::write(folder.join("maps"), self.maps()).unwrap();
        folder
    }

    fn maps(&self) -> String {
        let program = "/nowhere/app";
        let Bases { heap, libc, stack } = self.bases;
        let lines = [
            (STUB, WRITABLE, 0, program),
            (STUB + WRITABLE, 0x1000, 0x2000, program),
            // The zeroed variables of the stub.
            (RUNTIME, DATA_SIZE, 0, ""),
            (heap, 0x2_1000, 0, "[heap]"),
            (PAYLOAD_ADDRESS, 0x10_0000, 0x3000, program),
            (LIBRARY, 0x1000, 0, ""),
            // More than is recorded.
            (OBJECTS, 0x100_0000, 0, ""),
            (RAW, 0x100_0000, 0, ""),
            (libc - 0x1000, 0x1000, 0, ""),
            (libc, 0x2000, 0, self.libc.to_str().unwrap()),
            (libc + 0x2000, 0x1000, 0x2000, self.libc.to_str().unwrap()),
            (stack, 0x2_1000, 0, "[stack]"),
            (0xffff_ffff_ff60_0000, 0x1000, 0, "[vsyscall]"),
        ];
        let line = |(start, size, offset, name): (u64, u64, u64, &str)| {
            format!("{start:08x}-{:08x} rw-p {offset:08x} 00:00 0 {name:>40}\n", start + size)
        };
        lines.map(line).concat()
    }
}
