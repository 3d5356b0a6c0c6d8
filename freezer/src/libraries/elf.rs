//! What a shared library says about itself.
//!
//! Comes in: the bytes of a file. Goes out: [`Elf`]: needs, symbols with versions, relocations, where everything lies.
//! Offsets in the file are checked where they are used; whatever the loader does not fully understand is noted as an
//! obstacle, so that the dynamic loader gets the library. Sources: the ELF specification with the x86-64 supplement,
//! the GNU extensions to it (symbol versions, RELR, `STT_GNU_IFUNC`).

use std::collections::HashMap;

use goblin::elf::program_header::{
    PF_W, PF_X, PT_GNU_EH_FRAME, PT_GNU_RELRO, PT_GNU_STACK, PT_LOAD, PT_TLS, ProgramHeader,
};
use goblin::elf::{dynamic, header, reloc, sym};

/// A library that can be read as ELF for this target.
pub(super) struct Elf<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) soname: Option<&'a str>,
    /// `DT_NEEDED`, in order.
    pub(super) needed: Vec<&'a str>,
    /// The folders of `DT_RUNPATH`, or else of `DT_RPATH`.
    pub(super) search: Vec<&'a str>,
    pub(super) symbols: Vec<Symbol<'a>>,
    pub(super) relocations: Vec<Relocation>,
    /// Words to which the base address is added, from `DT_RELR`.
    pub(super) relative_words: Vec<u64>,
    pub(super) segments: Vec<ProgramHeader>,
    /// Dynamic entries by tag; of repeated ones the first.
    pub(super) dynamic: HashMap<u64, u64>,
    /// Why the loader can't map it.
    pub(super) obstacle: Option<String>,
}

/// An entry of the dynamic symbol table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Symbol<'a> {
    pub(super) name: &'a str,
    pub(super) value: u64,
    pub(super) kind: u8,
    pub(super) bind: u8,
    pub(super) visibility: u8,
    pub(super) is_defined: bool,
    /// The version that it has or wants.
    pub(super) version: Option<&'a str>,
    /// Of several definitions of one name, not the one that is meant without a version.
    pub(super) is_hidden: bool,
}

/// A relocation with addend.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relocation {
    pub(super) address: u64,
    pub(super) kind: u32,
    pub(super) symbol: usize,
    pub(super) addend: u64,
}

/// Why a file is no library for this target: the middle of a sentence.
pub(super) type Refusal = String;

const DT_RELR: u64 = 36;
const DT_RELRSZ: u64 = 35;
const DT_TLSDESC_PLT: u64 = 0x6fff_fef6;

/// What the loader can do with relocations.
const KNOWN_RELOCATIONS: [u32; 9] = [
    reloc::R_X86_64_NONE,
    reloc::R_X86_64_64,
    reloc::R_X86_64_GLOB_DAT,
    reloc::R_X86_64_JUMP_SLOT,
    reloc::R_X86_64_RELATIVE,
    reloc::R_X86_64_DTPMOD64,
    reloc::R_X86_64_DTPOFF64,
    reloc::R_X86_64_IRELATIVE,
    reloc::R_X86_64_COPY,
];

impl<'a> Elf<'a> {
    /// Reads a library; `None` if the bytes are no ELF file.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Result<Self, Refusal>> {
        bytes.starts_with(header::ELFMAG).then(|| Self::parse_elf(bytes))
    }

    fn parse_elf(bytes: &'a [u8]) -> Result<Self, Refusal> {
        check_target(bytes)?;
        let found = goblin::elf::Elf::parse(bytes).map_err(|error| format!("it is damaged ({error})"))?;
        let Some(dynamic) = &found.dynamic else { return Err("it has no dynamic section".to_owned()) };
        let mut tags = HashMap::new();
        for entry in &dynamic.dyns {
            tags.entry(entry.d_tag).or_insert(entry.d_val);
        }
        let mut elf = Self {
            bytes,
            soname: found.soname,
            needed: found.libraries.clone(),
            search: search_folders(if found.runpaths.is_empty() { &found.rpaths } else { &found.runpaths }),
            symbols: symbols(&found),
            relocations: relocations(&found),
            relative_words: Vec::new(),
            segments: found.program_headers.clone(),
            dynamic: tags,
            obstacle: None,
        };
        elf.check_segments()?;
        elf.relative_words = elf.read_relative_words();
        elf.obstacle = elf.find_obstacle();
        Ok(elf)
    }

    /// The segments that are mapped.
    pub(super) fn loads(&self) -> impl Iterator<Item = &ProgramHeader> {
        self.segments.iter().filter(|segment| segment.p_type == PT_LOAD)
    }

    /// The first segment of a kind.
    pub(super) fn segment(&self, kind: u32) -> Option<&ProgramHeader> {
        self.segments.iter().find(|segment| segment.p_type == kind)
    }

    /// Its thread-local storage.
    pub(super) fn tls(&self) -> Option<&ProgramHeader> {
        self.segment(PT_TLS)
    }

    pub(super) fn relro(&self) -> Option<&ProgramHeader> {
        self.segment(PT_GNU_RELRO)
    }

    pub(super) fn exception_frames(&self) -> u64 {
        self.segment(PT_GNU_EH_FRAME).map_or(0, |segment| segment.p_vaddr)
    }

    /// A dynamic entry's value; 0 if there is none.
    pub(super) fn tag(&self, tag: u64) -> u64 {
        self.dynamic.get(&tag).copied().unwrap_or(0)
    }

    /// Bytes from the first to the last in memory, not rounded.
    pub(super) fn span(&self) -> u64 {
        self.loads().map(|segment| segment.p_vaddr.saturating_add(segment.p_memsz)).max().unwrap_or(0)
    }

    /// The file's bytes from an address on, as far as its segment goes.
    pub(super) fn at_address(&self, address: u64) -> &'a [u8] {
        let segment =
            self.loads().find(|one| (one.p_vaddr..one.p_vaddr.saturating_add(one.p_filesz)).contains(&address));
        let range = segment.and_then(|segment| {
            let start = address - segment.p_vaddr + segment.p_offset;
            let end = segment.p_offset.checked_add(segment.p_filesz)?;
            self.bytes.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
        });
        range.unwrap_or_default()
    }

    fn check_segments(&self) -> Result<(), Refusal> {
        let mut end = 0;
        for load in self.loads() {
            let file_end = load.p_offset.checked_add(load.p_filesz);
            if load.p_vaddr < end || load.p_memsz < load.p_filesz {
                return Err("its segments are odd".to_owned());
            }
            if file_end.is_none_or(|end| end > self.bytes.len() as u64) {
                return Err("it is cut off".to_owned());
            }
            end = load.p_vaddr.checked_add(load.p_memsz).ok_or("its segments are odd")?;
        }
        if end == 0 { Err("it has nothing to load".to_owned()) } else { Ok(()) }
    }

    /// The words of `DT_RELR`: an even entry is the address of one, an odd one a bitmap of the 63 that follow.
    fn read_relative_words(&self) -> Vec<u64> {
        let (start, size) = (self.tag(DT_RELR), self.tag(DT_RELRSZ));
        let table = self.at_address(start);
        let size = usize::try_from(size).unwrap_or(0).min(table.len());
        let mut words = Vec::new();
        let mut next = 0_u64;
        for entry in table.get(..if start == 0 { 0 } else { size }).unwrap_or_default().chunks_exact(8) {
            let entry = entry.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
            if entry & 1 == 0 {
                words.push(entry);
                next = entry.wrapping_add(8);
            } else {
                words.extend((0..63).filter(|bit| entry >> (bit + 1) & 1 == 1).map(|bit| next.wrapping_add(bit * 8)));
                next = next.wrapping_add(63 * 8);
            }
        }
        words
    }

    fn find_obstacle(&self) -> Option<String> {
        let page = pyfreeze_format::PAGE_SIZE;
        let odd = self.relocations.iter().find(|relocation| !KNOWN_RELOCATIONS.contains(&relocation.kind));
        if let Some(odd) = odd {
            return Some(format!("it has relocations of kind {}", reloc::r_to_str(odd.kind, header::EM_X86_64)));
        }
        if self.dynamic.contains_key(&dynamic::DT_TEXTREL) || self.dynamic.contains_key(&DT_TLSDESC_PLT) {
            return Some("its code must be changed to run".to_owned());
        }
        let is_executable_stack =
            |segment: &ProgramHeader| segment.p_type == PT_GNU_STACK && segment.p_flags & PF_X != 0;
        if self.segments.iter().any(is_executable_stack) {
            return Some("it wants an executable stack".to_owned());
        }
        let is_writable = |address: u64| {
            let holds = |load: &ProgramHeader| (load.p_vaddr..load.p_vaddr + load.p_memsz).contains(&address);
            self.loads().any(|load| load.p_flags & PF_W != 0 && holds(load))
        };
        if !self.relocations.iter().all(|one| is_writable(one.address) || one.kind == reloc::R_X86_64_NONE) {
            return Some("its code must be changed to run".to_owned());
        }
        if self.loads().any(|load| load.p_flags & PF_X != 0 && load.p_flags & PF_W != 0) {
            return Some("it has code that can be written".to_owned());
        }
        let loads: Vec<_> = self.loads().collect();
        let shares_a_page = loads.windows(2).any(|pair| match pair {
            [one, next] => (one.p_vaddr + one.p_memsz).next_multiple_of(page) > next.p_vaddr / page * page,
            _ => false,
        });
        shares_a_page.then(|| "two of its segments lie in one page".to_owned())
    }
}

/// 64 bits, little-endian, x86-64, a shared object, for glibc.
fn check_target(bytes: &[u8]) -> Result<(), Refusal> {
    let header = bytes.get(..64).ok_or("it is cut off")?;
    let word = |at: usize| header.get(at..at + 2).map_or(0, |two| u16::from_le_bytes([two[0], two[1]]));
    let (class, data, kind, machine) = (header[4], header[5], word(16), word(18));
    if class != header::ELFCLASS64 || data != header::ELFDATA2LSB || machine != header::EM_X86_64 {
        return Err(format!("it is for another architecture ({})", header::machine_to_str(machine)));
    }
    if kind == header::ET_DYN { Ok(()) } else { Err("it is no shared library".to_owned()) }
}

fn search_folders<'a>(lists: &[&'a str]) -> Vec<&'a str> {
    lists.iter().flat_map(|list| list.split(':')).filter(|folder| !folder.is_empty()).collect()
}

fn relocations(elf: &goblin::elf::Elf<'_>) -> Vec<Relocation> {
    let all = elf.dynrelas.iter().chain(elf.pltrelocs.iter());
    all.map(|relocation| Relocation {
        address: relocation.r_offset,
        kind: relocation.r_type,
        symbol: relocation.r_sym,
        addend: relocation.r_addend.unwrap_or(0).cast_unsigned(),
    })
    .collect()
}

fn symbols<'a>(elf: &goblin::elf::Elf<'a>) -> Vec<Symbol<'a>> {
    let versions = version_names(elf);
    let version_of = |index: usize| elf.versym.as_ref().and_then(|versions| versions.get_at(index));
    let symbol = |(index, found): (usize, sym::Sym)| {
        let version = version_of(index);
        Symbol {
            name: elf.dynstrtab.get_at(found.st_name).unwrap_or_default(),
            value: found.st_value,
            kind: found.st_type(),
            bind: found.st_bind(),
            visibility: found.st_visibility(),
            is_defined: found.st_shndx != 0,
            version: version.as_ref().and_then(|version| versions.get(&version.version()).copied()),
            is_hidden: version.is_some_and(|version| version.is_hidden()),
        }
    };
    elf.dynsyms.iter().enumerate().map(symbol).collect()
}

/// The names of version numbers, of those defined (but for the first, which is the file itself) and those wanted.
fn version_names<'a>(elf: &goblin::elf::Elf<'a>) -> HashMap<u16, &'a str> {
    let mut names = HashMap::new();
    for wanted in elf.verneed.iter().flat_map(|wanted| wanted.iter()) {
        for version in wanted.iter() {
            let name = elf.dynstrtab.get_at(version.vna_name).unwrap_or_default();
            names.insert(version.vna_other & 0x7fff, name);
        }
    }
    const VER_FLG_BASE: u16 = 1;
    for defined in elf.verdef.iter().flat_map(|defined| defined.iter()) {
        let name = defined.iter().next().and_then(|version| elf.dynstrtab.get_at(version.vda_name));
        if let Some(name) = name.filter(|_| defined.vd_flags & VER_FLG_BASE == 0) {
            names.insert(defined.vd_ndx & 0x7fff, name);
        }
    }
    names
}
