//! Names of addresses in an ELF file.
//!
//! Comes in: an ELF file's symbol tables. Goes out: for an address in the file, the symbol that it belongs to. Names
//! are for people: where two symbols share an address, either will do.

use std::fs;

use goblin::elf::section_header::SHF_ALLOC;
use goblin::elf::{Elf, header, sym};

/// Named stretches of a file's addresses, sorted.
#[derive(Debug, Default)]
pub(super) struct Symbols(Vec<Symbol>);

#[derive(Debug)]
struct Symbol {
    address: u64,
    size: u64,
    name: String,
}

impl Symbols {
    /// Of the file at a path; none if it can't be read. Addresses count from its first segment.
    pub(super) fn read(path: &str) -> Self {
        let Ok(bytes) = fs::read(path) else { return Self::default() };
        let Ok(elf) = Elf::parse(&bytes) else { return Self::default() };
        let is_library = elf.header.e_type == header::ET_DYN;
        if is_library { Self::dynamic(&elf) } else { Self::default() }
    }

    /// The functions and variables that a file exports.
    pub(super) fn dynamic(elf: &Elf<'_>) -> Self {
        let is_place = |symbol: &sym::Sym| {
            let kind = symbol.st_type();
            symbol.st_shndx != 0 && matches!(kind, sym::STT_FUNC | sym::STT_OBJECT | sym::STT_GNU_IFUNC)
        };
        let symbols = elf.dynsyms.iter().filter(is_place).map(|symbol| Symbol {
            address: symbol.st_value,
            size: symbol.st_size,
            name: elf.dynstrtab.get_at(symbol.st_name).unwrap_or_default().to_owned(),
        });
        Self::sorted(symbols.collect())
    }

    /// The sections that lie in memory.
    pub(super) fn sections(elf: &Elf<'_>) -> Self {
        let in_memory = elf.section_headers.iter().filter(|section| section.sh_flags & u64::from(SHF_ALLOC) != 0);
        let sections = in_memory.map(|section| Symbol {
            address: section.sh_addr,
            size: section.sh_size,
            name: elf.shdr_strtab.get_at(section.sh_name).unwrap_or_default().to_owned(),
        });
        Self::sorted(sections.collect())
    }

    fn sorted(mut symbols: Vec<Symbol>) -> Self {
        symbols.sort_by(|one, other| (one.address, &one.name).cmp(&(other.address, &other.name)));
        Self(symbols)
    }

    /// The symbol that an address lies in, and how far in.
    pub(super) fn holding(&self, address: u64) -> Option<(&str, u64)> {
        let before = &self.0[..self.0.partition_point(|symbol| symbol.address <= address)];
        // Large symbols may hold small ones: a few steps back find them.
        let holds = |symbol: &&Symbol| address - symbol.address < symbol.size.max(1);
        let found = before.iter().rev().take(16).find(holds)?;
        Some((&found.name, address - found.address))
    }

    pub(super) fn address(&self, name: &str) -> Option<u64> {
        self.0.iter().find(|symbol| symbol.name == name).map(|symbol| symbol.address)
    }
}
