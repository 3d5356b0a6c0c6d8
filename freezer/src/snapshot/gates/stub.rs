//! The stub's file: where it lies in memory, what in it never changes, and which of its words the dynamic loader writes.
//!
//! Comes in: the bytes of the ELF file. Goes out: addresses, which are those of every process, since the stub is not
//! position-independent.

use goblin::elf::program_header::{PF_W, PT_LOAD};
use goblin::elf::{reloc, sym};
use pyfreeze_format::PAGE_SIZE;

use super::error::GateError;
use super::maps::{Mapping, Maps};
use super::symbols::Symbols;

/// The stub, as far as recordings refer to it.
pub(super) struct Stub<'s> {
    segments: Vec<Segment<'s>>,
    sections: Symbols,
    symbols: Symbols,
    kept: Vec<(u64, u64)>,
}

struct Segment<'s> {
    address: u64,
    /// Bytes in memory.
    size: u64,
    is_writable: bool,
    bytes: &'s [u8],
}

/// The words of the stub that belong to the process and not to the program: what the dynamic loader writes when it
/// starts the stub, each with its size.
///
/// # Errors
///
/// If the stub is no ELF file.
pub fn kept_words(stub: &[u8]) -> Result<Vec<(u64, u64)>, GateError> {
    Ok(Stub::parse(stub)?.kept)
}

impl<'s> Stub<'s> {
    pub(super) fn parse(bytes: &'s [u8]) -> Result<Self, GateError> {
        let elf = goblin::elf::Elf::parse(bytes).map_err(|error| GateError::Stub { reason: error.to_string() })?;
        let loads = elf.program_headers.iter().filter(|header| header.p_type == PT_LOAD);
        let segment = |header: &goblin::elf::ProgramHeader| Segment {
            address: header.p_vaddr,
            size: header.p_memsz,
            is_writable: header.p_flags & PF_W != 0,
            bytes: bytes.get(header.file_range()).unwrap_or_default(),
        };
        let segments: Vec<_> = loads.map(segment).collect();
        if segments.is_empty() {
            return Err(GateError::Stub { reason: "it has nothing to load".to_owned() });
        }
        Ok(Self { segments, sections: Symbols::sections(&elf), symbols: Symbols::dynamic(&elf), kept: kept(&elf) })
    }

    /// Whether an address is the stub's own in every process.
    pub(super) fn holds(&self, address: u64) -> bool {
        let page = |segment: &Segment<'_>| {
            let end = segment.address.saturating_add(segment.size);
            segment.address / PAGE_SIZE * PAGE_SIZE..end.checked_next_multiple_of(PAGE_SIZE).unwrap_or(end)
        };
        self.segments.iter().any(|segment| page(segment).contains(&address))
    }

    /// The mapping of the program's file: the one that holds the first segment.
    pub(super) fn mapping<'m>(&self, maps: &'m Maps) -> Option<&'m Mapping> {
        maps.find(self.segments.first()?.address)
    }

    /// The bytes from an address to the end of its segment, if nobody can have written there.
    pub(super) fn constant_bytes(&self, address: u64) -> Option<&'s [u8]> {
        let constant = self.segments.iter().filter(|segment| !segment.is_writable);
        constant
            .filter_map(|segment| segment.bytes.get(usize::try_from(address.checked_sub(segment.address)?).ok()?..))
            .find(|bytes| !bytes.is_empty())
    }

    /// The words that the dynamic loader writes.
    pub(super) fn kept(&self) -> &[(u64, u64)] {
        &self.kept
    }

    /// The variable that an address belongs to, or at least its section, and how far in it is.
    pub(super) fn variable(&self, address: u64) -> Option<(&str, u64)> {
        self.symbols.holding(address).or_else(|| self.sections.holding(address))
    }

    /// The address of a symbol.
    pub(super) fn address(&self, name: &str) -> Option<u64> {
        self.symbols.address(name)
    }
}

/// Every target of a dynamic relocation but those that don't depend on the process. A copied variable is as large as
/// its symbol says, anything else is a word.
fn kept(elf: &goblin::elf::Elf<'_>) -> Vec<(u64, u64)> {
    let all = elf.dynrelas.iter().chain(elf.pltrelocs.iter());
    let size = |relocation: &goblin::elf::Reloc| match relocation.r_type {
        reloc::R_X86_64_COPY => elf.dynsyms.get(relocation.r_sym).map_or(8, |symbol: sym::Sym| symbol.st_size),
        _ => 8,
    };
    let is_own = |kind| matches!(kind, reloc::R_X86_64_NONE | reloc::R_X86_64_RELATIVE);
    let mut words: Vec<_> =
        all.filter(|one| !is_own(one.r_type)).map(|relocation| (relocation.r_offset, size(&relocation))).collect();
    words.sort_unstable();
    // `environ` has three names, and so three relocations.
    words.dedup();
    words
}
