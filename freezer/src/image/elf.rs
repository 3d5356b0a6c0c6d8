//! Grafting a payload onto an ELF executable.
//!
//! Comes in: a non-PIE ELF64 executable with a spare `PT_NOTE`, and a payload. Goes out: the executable with the
//! payload appended, covered by a `PT_LOAD` segment (so that the kernel maps it) and by a section `.pyfreeze`
//! (so that `strip` and `objcopy`, which lay a file out anew from its sections, carry it along).
//! Bytes behind the end of an ELF file, where many packagers put theirs, are what `strip` drops.
//!
//! The program header table can't grow where it stands, so the payload takes the slot of a `PT_NOTE`: the notes
//! stay in the file and in their sections, only debuggers look for them through the segment.
//!
//! The dynamic loader's name (`PT_INTERP`) moves to a page of its own between stub and payload. The kernel reads
//! it from the file before it maps anything, so it refuses an executable that was cut off within the stub
//! ("Input/output error"), where it would otherwise start a program that dies by SIGBUS. What is cut off behind
//! it, the stub itself notices.
//! The payload's trailer learns the digest of the file around it, so that `verify` sees a change of the stub, too.
//! What `object`'s structures wrote is read again with `goblin` before it is handed on.

use goblin::container::{Container, Ctx, Endian as GoblinEndian};
use goblin::elf::header::header64;
use goblin::elf::{ProgramHeader, SectionHeader};
use object::elf::{
    EM_X86_64, ET_EXEC, FileHeader64, PF_R, PT_INTERP, PT_LOAD, PT_NOTE, ProgramHeader64, SHF_ALLOC, SHT_PROGBITS,
    SHT_STRTAB, SHT_SYMTAB, STB_GLOBAL, STT_FUNC, SectionFlags, SectionHeader64, SectionType, Sym64, SymbolInfo,
    SymbolOther, SymbolSection,
};
use object::endian::{LittleEndian as LE, U16, U32, U64};
use object::pod::{bytes_of, bytes_of_slice, from_bytes, slice_from_bytes};
use pyfreeze_format::{PAGE_SIZE, PAYLOAD_ADDRESS, trailer_in_file};
use thiserror::Error;

use super::{Image, Part};
use crate::payload::CodeRange;

/// The name of the section that covers the payload.
pub const SECTION_NAME: &str = ".pyfreeze";

/// First address that a program of a 47-bit address space can't use.
const ADDRESS_END: u64 = 1 << 47;

/// The address of the page with the dynamic loader's name, right below the payload.
const LOADER_NAME_ADDRESS: u64 = PAYLOAD_ADDRESS - PAGE_SIZE;

const _: () = assert!(PAYLOAD_ADDRESS.is_multiple_of(PAGE_SIZE));

/// Why a payload can't be grafted.
#[derive(Debug, Error)]
pub enum ImageError {
    /// The stub is not an executable of the expected kind.
    #[error("Cannot use the runtime's stub: {0}")]
    Stub(String),
    /// The payload does not fit the address space.
    #[error("Cannot add the payload to the executable: it has {0} bytes, more than can be mapped")]
    PayloadSize(u64),
    /// What was written reads back differently: a mistake of pyfreeze itself.
    #[error("Cannot trust the grafted executable: {0}")]
    Reread(String),
}

/// Adds `payload`, in which the code of `code` lies, to `stub`.
///
/// # Errors
/// [`ImageError`] when the stub is not what a graft expects, or the result does not read back.
pub fn graft<'a>(stub: &'a [u8], payload: &'a [u8], code: &[CodeRange]) -> Result<Image<'a>, ImageError> {
    let stub = Stub::parse(stub)?;
    let layout = Layout::new(stub.bytes.len() as u64, payload.len() as u64)?;
    let (tail, table_offset, section_count) = stub.tail(&layout, code);
    let front = stub.front(&layout, table_offset, section_count);
    let rest = stub.bytes.get(front.len()..).unwrap_or(&[]);
    let loader_page = stub.loader_page(&layout);
    let tail = [zeros(layout.tail_offset - layout.payload_offset - layout.payload_size), tail].concat();
    let trailer = trailer_in_file(payload, [front.as_slice(), rest, &loader_page], [tail.as_slice()]);
    let trailer = trailer.map_or(Vec::new(), Vec::from);
    let content = payload.get(..payload.len().saturating_sub(trailer.len())).unwrap_or(payload);
    let image = Image {
        parts: [
            Part::Owned(front),
            Part::Borrowed(rest),
            Part::Owned(loader_page),
            Part::Borrowed(content),
            Part::Owned(trailer),
            Part::Owned(tail),
        ],
        payload_offset: layout.payload_offset,
    };
    reread(&stub, &image, &layout)?;
    Ok(image)
}

/// Where everything goes, in bytes from the start of the file.
struct Layout {
    loader_name_offset: u64,
    payload_offset: u64,
    payload_size: u64,
    /// Section names and section headers.
    tail_offset: u64,
}

impl Layout {
    fn new(stub_size: u64, payload_size: u64) -> Result<Self, ImageError> {
        if payload_size > ADDRESS_END.saturating_sub(PAYLOAD_ADDRESS) {
            return Err(ImageError::PayloadSize(payload_size));
        }
        let loader_name_offset = stub_size.next_multiple_of(PAGE_SIZE);
        let payload_offset = loader_name_offset + PAGE_SIZE;
        let tail_offset = (payload_offset + payload_size).next_multiple_of(16);
        Ok(Self { loader_name_offset, payload_offset, payload_size, tail_offset })
    }

    /// The segment that maps the loader's name and the payload.
    fn segment(&self) -> ProgramHeader64<LE> {
        let size = U64::new(LE, PAGE_SIZE + self.payload_size);
        ProgramHeader64 {
            p_type: U32::new(LE, PT_LOAD),
            p_flags: U32::new(LE, PF_R),
            p_offset: U64::new(LE, self.loader_name_offset),
            p_vaddr: U64::new(LE, LOADER_NAME_ADDRESS),
            p_paddr: U64::new(LE, LOADER_NAME_ADDRESS),
            p_filesz: size,
            p_memsz: size,
            p_align: U64::new(LE, PAGE_SIZE),
        }
    }
}

/// OK because the caller pads to less than a page.
fn zeros(count: u64) -> Vec<u8> {
    vec![0; usize::try_from(count).unwrap_or(0)]
}

/// A stub whose headers have been checked.
struct Stub<'a> {
    bytes: &'a [u8],
    header: FileHeader64<LE>,
    segments: Vec<ProgramHeader64<LE>>,
    sections: Vec<SectionHeader64<LE>>,
    /// The bytes of `.shstrtab`.
    section_names: &'a [u8],
}

impl<'a> Stub<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, ImageError> {
        let refuse = |reason: &str| ImageError::Stub(reason.to_string());
        let header = from_bytes::<FileHeader64<LE>>(bytes).map_err(|()| refuse("it is cut off"))?.0;
        let is_elf64 = bytes.starts_with(b"\x7fELF\x02\x01\x01");
        if !is_elf64 || header.e_machine.get(LE) != EM_X86_64 || header.e_type.get(LE) != ET_EXEC {
            return Err(refuse("it is not a non-PIE ELF executable for x86-64"));
        }
        let segments = table(bytes, header.e_phoff.get(LE), header.e_phnum.get(LE))
            .ok_or_else(|| refuse("its program headers lie outside the file"))?;
        let sections: Vec<SectionHeader64<LE>> = table(bytes, header.e_shoff.get(LE), header.e_shnum.get(LE))
            .ok_or_else(|| refuse("its section headers lie outside the file"))?;
        let names = sections.get(usize::from(header.e_shstrndx.get(LE).0));
        let section_names = names
            .and_then(|names| slice(bytes, names.sh_offset.get(LE), names.sh_size.get(LE)))
            .ok_or_else(|| refuse("it has no section names"))?;
        let stub = Self { bytes, header: *header, segments, sections, section_names };
        stub.check()?;
        Ok(stub)
    }

    fn check(&self) -> Result<(), ImageError> {
        let refuse = |reason: &str| Err(ImageError::Stub(reason.to_string()));
        if self.spare_segment().is_none() {
            return refuse("it has no PT_NOTE program header whose slot the payload could take");
        }
        let loads = || self.segments.iter().filter(|segment| segment.p_type.get(LE) == PT_LOAD);
        if loads().any(|load| load.p_vaddr.get(LE).saturating_add(load.p_memsz.get(LE)) > PAYLOAD_ADDRESS) {
            return refuse("one of its segments lies at or above the payload's address");
        }
        let file_size = self.bytes.len() as u64;
        if loads().any(|load| load.p_offset.get(LE).saturating_add(load.p_filesz.get(LE)) > file_size) {
            return refuse("one of its segments lies outside the file");
        }
        Ok(())
    }

    /// The last `PT_NOTE`: where there are several, the first is the one that carries CPU properties.
    fn spare_segment(&self) -> Option<usize> {
        self.segments.iter().rposition(|segment| segment.p_type.get(LE) == PT_NOTE)
    }

    /// The program header with the dynamic loader's name; a static program has none.
    fn loader_name(&self) -> Option<&ProgramHeader64<LE>> {
        self.segments.iter().find(|segment| segment.p_type.get(LE) == PT_INTERP)
    }

    /// What stands between stub and payload: padding to a page, then the page with the dynamic loader's name.
    fn loader_page(&self, layout: &Layout) -> Vec<u8> {
        let name = self.loader_name().and_then(|name| slice(self.bytes, name.p_offset.get(LE), name.p_filesz.get(LE)));
        let mut page = zeros(layout.loader_name_offset - self.bytes.len() as u64);
        let end = page.len() + zeros(PAGE_SIZE).len();
        page.extend(name.unwrap_or(&[]));
        page.resize(end, 0);
        page
    }

    /// The start of the file up to the end of the program headers, patched.
    fn front(&self, layout: &Layout, table_offset: u64, section_count: usize) -> Vec<u8> {
        let mut header = self.header;
        header.e_shoff = U64::new(LE, table_offset);
        // OK because the stub's sections, of which there are at most 65,535, are some thirty.
        header.e_shnum = U16::new(LE, u16::try_from(section_count).unwrap_or(u16::MAX));
        let segments = self.segments_with(layout);
        // OK because `parse` has found the table inside the file, which is in memory.
        let table_start = usize::try_from(self.header.e_phoff.get(LE)).unwrap_or(0);
        let table = bytes_of_slice(&segments);
        let mut front = self.bytes.get(..table_start).unwrap_or(&[]).to_vec();
        front.extend(table);
        let header = bytes_of(&header);
        if let Some(place) = front.get_mut(..header.len()) {
            place.copy_from_slice(header);
        }
        front
    }

    /// The program headers with the payload's in place of the spare one. The payload's address is the highest,
    /// and `PT_LOAD`s must ascend, so it goes behind the last of them.
    fn segments_with(&self, layout: &Layout) -> Vec<ProgramHeader64<LE>> {
        let mut segments = self.segments.clone();
        for name in segments.iter_mut().filter(|segment| segment.p_type.get(LE) == PT_INTERP) {
            name.p_offset = U64::new(LE, layout.loader_name_offset);
            name.p_vaddr = U64::new(LE, LOADER_NAME_ADDRESS);
            name.p_paddr = U64::new(LE, LOADER_NAME_ADDRESS);
        }
        if let Some(spare) = self.spare_segment() {
            segments.remove(spare);
        }
        let last_load = segments.iter().rposition(|segment| segment.p_type.get(LE) == PT_LOAD);
        segments.insert(last_load.map_or(0, |index| index + 1), layout.segment());
        segments
    }

    /// The section headers with the loader's name where it is now and the payload's at the end.
    fn sections_with(&self, layout: &Layout) -> Vec<SectionHeader64<LE>> {
        let mut sections = self.sections.clone();
        let name_address = self.loader_name().map(|name| name.p_vaddr.get(LE));
        let is_name = |section: &&mut SectionHeader64<LE>| {
            section.sh_flags.get(LE).contains(SHF_ALLOC) && Some(section.sh_addr.get(LE)) == name_address
        };
        if let Some(section) = sections.iter_mut().find(is_name) {
            section.sh_addr = U64::new(LE, LOADER_NAME_ADDRESS);
            section.sh_offset = U64::new(LE, layout.loader_name_offset);
        }
        sections.push(SectionHeader64 {
            // OK because section names are far below 4 GiB: they lie in the stub.
            sh_name: U32::new(LE, u32::try_from(self.section_names.len()).unwrap_or(0)),
            sh_type: U32::new(LE, SHT_PROGBITS),
            sh_flags: U64::new(LE, SHF_ALLOC),
            sh_addr: U64::new(LE, PAYLOAD_ADDRESS),
            sh_offset: U64::new(LE, layout.payload_offset),
            sh_size: U64::new(LE, layout.payload_size),
            sh_link: U32::new(LE, 0),
            sh_info: U32::new(LE, 0),
            sh_addralign: U64::new(LE, PAGE_SIZE),
            sh_entsize: U64::new(LE, 0),
        });
        sections
    }

    /// Section names, symbols and section headers for the end of the file, which nothing maps; the headers' offset
    /// and number.
    fn tail(&self, layout: &Layout, code: &[CodeRange]) -> (Vec<u8>, u64, usize) {
        let names = [self.section_names, SECTION_NAME.as_bytes(), b"\0.symtab\0.strtab\0"].concat();
        let mut sections = self.sections_with(layout);
        if let Some(section) = sections.get_mut(usize::from(self.header.e_shstrndx.get(LE).0)) {
            section.sh_offset = U64::new(LE, layout.tail_offset);
            section.sh_size = U64::new(LE, names.len() as u64);
        }
        let mut tail = names;
        tail.resize(tail.len().next_multiple_of(16), 0);
        if !code.is_empty() {
            self.add_symbols(layout, code, &mut sections, &mut tail);
        }
        let table_offset = layout.tail_offset + tail.len() as u64;
        tail.extend(bytes_of_slice(&sections));
        (tail, table_offset, sections.len())
    }

    /// A symbol table of its own: the stub has none but that of its exported symbols.
    fn add_symbols(
        &self,
        layout: &Layout,
        code: &[CodeRange],
        sections: &mut Vec<SectionHeader64<LE>>,
        tail: &mut Vec<u8>,
    ) {
        let payload_section = sections.len().saturating_sub(1);
        let mut texts = b"\0".to_vec();
        let mut symbols = vec![symbol(0, 0, 0, 0)];
        for range in code {
            symbols.push(symbol(texts.len(), payload_section, range.address, range.size));
            texts.extend(range.name.as_bytes());
            texts.push(0);
        }
        let names = self.section_names.len() + SECTION_NAME.len() + 1;
        let offset = |tail: &Vec<u8>| layout.tail_offset + tail.len() as u64;
        let table = bytes_of_slice(&symbols);
        sections.push(SectionHeader64 {
            sh_link: small(payload_section + 2),
            // One more than the last local symbol, which is the empty one.
            sh_info: small(1),
            sh_entsize: U64::new(LE, size_of::<Sym64<LE>>() as u64),
            ..unmapped(names, SHT_SYMTAB, offset(tail), table.len())
        });
        tail.extend(table);
        sections.push(unmapped(names + b".symtab\0".len(), SHT_STRTAB, offset(tail), texts.len()));
        tail.extend(texts);
        tail.resize(tail.len().next_multiple_of(16), 0);
    }
}

/// OK because what is counted here (names, sections) lies in the stub, or was made of some hundred libraries.
fn small(number: usize) -> U32<LE> {
    U32::new(LE, u32::try_from(number).unwrap_or(u32::MAX))
}

fn symbol(name: usize, section: usize, address: u64, size: u64) -> Sym64<LE> {
    let is_named = section != 0;
    Sym64 {
        st_name: small(name),
        st_info: if is_named { SymbolInfo::new(STB_GLOBAL, STT_FUNC) } else { SymbolInfo(0) },
        st_other: SymbolOther(0),
        st_shndx: U16::new(LE, SymbolSection(u16::try_from(section).unwrap_or(0))),
        st_value: U64::new(LE, address),
        st_size: U64::new(LE, size),
    }
}

/// A section that is nowhere in memory.
fn unmapped(name: usize, kind: SectionType, offset: u64, size: usize) -> SectionHeader64<LE> {
    SectionHeader64 {
        sh_name: small(name),
        sh_type: U32::new(LE, kind),
        sh_flags: U64::new(LE, SectionFlags(0)),
        sh_addr: U64::new(LE, 0),
        sh_offset: U64::new(LE, offset),
        sh_size: U64::new(LE, size as u64),
        sh_link: small(0),
        sh_info: small(0),
        sh_addralign: U64::new(LE, 8),
        sh_entsize: U64::new(LE, 0),
    }
}

fn table<T: object::Pod + Clone>(bytes: &[u8], offset: u64, count: u16) -> Option<Vec<T>> {
    let bytes = bytes.get(usize::try_from(offset).ok()?..)?;
    slice_from_bytes::<T>(bytes, usize::from(count)).ok().map(|(records, _)| records.to_vec())
}

fn slice(bytes: &[u8], offset: u64, size: u64) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    bytes.get(start..usize::try_from(offset.checked_add(size)?).ok()?)
}

/// Reads the image's tables with another library and compares them with what was meant.
fn reread(stub: &Stub<'_>, image: &Image<'_>, layout: &Layout) -> Result<(), ImageError> {
    let refuse = |reason: &str| Err(ImageError::Reread(reason.to_string()));
    let parse_error = |error: goblin::error::Error| ImageError::Reread(error.to_string());
    let context = Ctx::new(Container::Big, GoblinEndian::Little);
    let [front, .., tail] = &image.parts;
    let header = header64::Header::parse(front.bytes()).map_err(parse_error)?;
    // OK because both tables lie in the parts that were just made.
    let phoff = usize::try_from(header.e_phoff).unwrap_or(usize::MAX);
    let segments = ProgramHeader::parse(front.bytes(), phoff, header.e_phnum.into(), context).map_err(parse_error)?;
    let tail_offset = image.size() - tail.bytes().len() as u64;
    let shoff = usize::try_from(header.e_shoff.saturating_sub(tail_offset)).unwrap_or(usize::MAX);
    let sections = SectionHeader::parse(tail.bytes(), shoff, header.e_shnum.into(), context).map_err(parse_error)?;

    let is_payload = |segment: &&ProgramHeader| segment.p_vaddr == LOADER_NAME_ADDRESS && segment.p_type == PT_LOAD.0;
    let Some(payload) = segments.iter().find(is_payload) else { return refuse("the payload has no segment") };
    let size = PAGE_SIZE + layout.payload_size;
    if payload.p_offset != layout.loader_name_offset || payload.p_filesz != size || payload.p_memsz != size {
        return refuse("the payload's segment is somewhere else");
    }
    let loads: Vec<_> = segments.iter().filter(|segment| segment.p_type == PT_LOAD.0).collect();
    if !loads.is_sorted_by(|one, next| one.p_vaddr + one.p_memsz <= next.p_vaddr) {
        return refuse("segments overlap or do not ascend");
    }
    let old_loads = stub.segments.iter().filter(|segment| segment.p_type.get(LE) == PT_LOAD).count();
    if loads.len() != old_loads + 1 || segments.len() != stub.segments.len() {
        return refuse("a segment is missing");
    }
    let covers = |section: &SectionHeader| section.sh_addr == PAYLOAD_ADDRESS && section.sh_size == layout.payload_size;
    if !sections.get(stub.sections.len()).is_some_and(covers) {
        return refuse("the payload has no section");
    }
    let old_parts = [front.bytes(), image.parts.get(1).map_or(&[], Part::bytes)].map(<[u8]>::len);
    let unchanged_size: usize = old_parts.iter().sum();
    if unchanged_size == stub.bytes.len() { Ok(()) } else { refuse("the stub's bytes have moved") }
}
