//! ELF files with nothing but symbols, relocations and constants.

use goblin::elf::{dynamic, header, program_header, reloc, sym};

/// Where constants begin in the file, and in memory counted from the base address.
pub(crate) const CONSTANTS: u64 = 0x200;
const HASH: u64 = 0x600;
const SYMBOLS: u64 = 0x700;
const NAMES: u64 = 0x900;
const RELOCATIONS: u64 = 0xc00;
/// Where writable memory begins.
pub(crate) const WRITABLE: u64 = 0x2000;
const FILE_SIZE: u64 = 0x2400;

/// A symbol: name, address (0: from elsewhere), size.
pub(crate) type Symbol = (&'static str, u64, u64);

/// A file to be made.
pub(crate) struct ElfFile<'a> {
    pub(crate) base: u64,
    pub(crate) constants: &'a [u8],
    pub(crate) writable_size: u64,
    pub(crate) symbols: &'a [Symbol],
    /// Address, kind, index of the symbol, from 1.
    pub(crate) relocations: &'a [(u64, u32, u64)],
}

impl ElfFile<'_> {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut file = vec![0; usize::try_from(FILE_SIZE).unwrap()];
        let (symbols, names) = self.symbols();
        let relocations: Vec<u64> = self
            .relocations
            .iter()
            .flat_map(|(address, kind, symbol)| [*address, symbol << 32 | u64::from(*kind), 0])
            .collect();
        put(&mut file, 0, &self.headers());
        put(&mut file, CONSTANTS, self.constants);
        let count = u32::try_from(self.symbols.len() + 1).unwrap();
        put(&mut file, HASH, &[1_u32, count, 0].map(u32::to_le_bytes).concat());
        put(&mut file, SYMBOLS, &symbols);
        put(&mut file, NAMES, &names);
        put(&mut file, RELOCATIONS, &words(&relocations));
        put(&mut file, WRITABLE, &self.dynamic(names.len(), relocations.len()));
        file
    }

    fn headers(&self) -> Vec<u8> {
        let kind = if self.base == 0 { header::ET_DYN } else { header::ET_EXEC };
        let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        bytes.extend([kind, header::EM_X86_64].map(u16::to_le_bytes).concat());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(words(&[self.base, 64, 0]));
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend([64_u16, 56, 3, 64, 0, 0].map(u16::to_le_bytes).concat());
        let mut segment = |kind: u32, flags: u32, offset: u64, size: u64, memory_size: u64| {
            bytes.extend([kind, flags].map(u32::to_le_bytes).concat());
            bytes.extend(words(&[offset, self.base + offset, self.base + offset, size, memory_size, 0x1000]));
        };
        let (read, write) = (program_header::PF_R, program_header::PF_W);
        segment(program_header::PT_LOAD, read, 0, WRITABLE, WRITABLE);
        segment(program_header::PT_LOAD, read | write, WRITABLE, FILE_SIZE - WRITABLE, self.writable_size);
        segment(program_header::PT_DYNAMIC, read | write, WRITABLE, 0x100, 0x100);
        bytes
    }

    fn symbols(&self) -> (Vec<u8>, Vec<u8>) {
        let (mut symbols, mut names) = (vec![0; 24], vec![0]);
        for (name, address, size) in self.symbols {
            symbols.extend(u32::try_from(names.len()).unwrap().to_le_bytes());
            symbols.extend([sym::STB_GLOBAL << 4 | sym::STT_OBJECT, 0]);
            symbols.extend(u16::from(*address != 0).to_le_bytes());
            symbols.extend(words(&[*address, *size]));
            names.extend(name.as_bytes());
            names.push(0);
        }
        (symbols, names)
    }

    fn dynamic(&self, names_size: usize, relocation_words: usize) -> Vec<u8> {
        words(&[
            dynamic::DT_HASH,
            self.base + HASH,
            dynamic::DT_SYMTAB,
            self.base + SYMBOLS,
            dynamic::DT_SYMENT,
            24,
            dynamic::DT_STRTAB,
            self.base + NAMES,
            dynamic::DT_STRSZ,
            names_size as u64,
            dynamic::DT_RELA,
            self.base + RELOCATIONS,
            dynamic::DT_RELASZ,
            relocation_words as u64 * 8,
            dynamic::DT_RELAENT,
            24,
            dynamic::DT_NULL,
            0,
        ])
    }
}

fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn put(file: &mut [u8], at: u64, bytes: &[u8]) {
    let at = usize::try_from(at).unwrap();
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

#[test]
fn goblin_reads_what_was_made() {
    let file = ElfFile {
        base: 0x40_0000,
        constants: b"hello\0",
        writable_size: 0x1000,
        symbols: &[("one", 0x40_2200, 16), ("two", 0, 0)],
        relocations: &[(0x40_2300, reloc::R_X86_64_64, 2)],
    };
    let bytes = file.bytes();
    let elf = goblin::elf::Elf::parse(&bytes).unwrap();
    let names: Vec<_> = elf.dynsyms.iter().map(|symbol| elf.dynstrtab.get_at(symbol.st_name).unwrap()).collect();
    assert_eq!(names, ["", "one", "two"]);
    assert_eq!(elf.dynrelas.get(0).unwrap().r_sym, 2);
}
