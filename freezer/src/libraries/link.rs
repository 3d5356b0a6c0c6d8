//! Linking at build time: each mapped library for the address at which its image will lie.
//!
//! Comes in: the plan and the addresses. Goes out: images in which every word that can be known is already right, and
//! for each library a description of the rest: words to be bound to the host's C library when it is loaded. What is
//! known: where everything of the payload lies, and where the stub's symbols are, since neither moves.
//!
//! A symbol is looked for as the dynamic loader would after `dlopen(…, RTLD_LOCAL)`: in the program (the stub), then
//! in the library and breadth first in what it needs. One rule is different: a weak variable that several libraries
//! define (an inline variable or type information of C++) is taken from the library that all others need, so that
//! there is one of it however they are loaded; the dynamic loader has `STB_GNU_UNIQUE` for that.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet, VecDeque};

use goblin::elf::program_header::{PF_W, PF_X, ProgramHeader};
use goblin::elf::{reloc, sym};
use pyfreeze_format::{
    Import, LibraryFacts, LibraryIndex, LibraryWay, LinkedLibrary, NewLibrary, NewNeeded, OWN_TLS_MODULE, PAGE_SIZE,
    Piece, PlacedLibrary, Resolver, Segment,
};

use super::elf::{Elf, Symbol};
use super::needed::Found;
use super::stub::StubSymbols;

const DT_SYMBOLIC: u64 = 16;
const DT_FLAGS: u64 = 30;
const DF_SYMBOLIC: u64 = 2;

/// A library of the plan, as far as linking is concerned.
pub(super) struct LinkInput<'a> {
    pub(super) elf: &'a Elf<'a>,
    pub(super) needed: &'a [Found],
    pub(super) is_mapped: bool,
}

/// All libraries, and where their symbols are.
pub(super) struct Linker<'a> {
    inputs: Vec<LinkInput<'a>>,
    stub: &'a StubSymbols<'a>,
    definitions: Vec<OnceCell<Definitions<'a>>>,
}

/// The positions of a library's definitions in its symbol table, by name.
type Definitions<'a> = HashMap<&'a str, Vec<usize>>;

/// What a reference comes to.
enum Binding {
    /// This address in memory.
    Address(u64),
    /// What the function at this address in memory says.
    Resolver(u64),
    /// Something outside the payload.
    Import,
}

/// Where the images lie.
struct Placement<'p> {
    /// By position in the plan.
    addresses: &'p [u64],
    tls_indices: &'p [u64],
}

impl<'a> Linker<'a> {
    pub(super) fn new(inputs: Vec<LinkInput<'a>>, stub: &'a StubSymbols<'a>) -> Self {
        let definitions = inputs.iter().map(|_| OnceCell::new()).collect();
        Self { inputs, stub, definitions }
    }

    /// The thread-local variables of a library that no mapped library defines: such a library can't be mapped.
    pub(super) fn foreign_processor(&self, index: usize) -> Option<&'a str> {
        let elf = self.inputs[index].elf;
        let scope = self.scope(index);
        let processor = elf.relocations.iter().filter(|one| is_processor(one.kind) && one.symbol != 0);
        let mut symbols = processor.filter_map(|one| elf.symbols.get(one.symbol));
        symbols.find(|symbol| !is_own(symbol) && self.define(&scope, symbol).is_none()).map(|symbol| symbol.name)
    }

    /// Links every library for its place. `places` has all of them, in the order of the plan's libraries sorted by
    /// the payload; `positions` says which of the plan each is.
    pub(super) fn link(&self, places: &[PlacedLibrary], positions: &[usize], copies: LibraryWay) -> Vec<LinkedLibrary> {
        let mut addresses = vec![0; self.inputs.len()];
        let mut indices = vec![LibraryIndex(0); self.inputs.len()];
        for (place, position) in places.iter().zip(positions) {
            addresses[*position] = place.address;
            indices[*position] = place.index;
        }
        let tls_indices = self.tls_indices();
        let placement = Placement { addresses: &addresses, tls_indices: &tls_indices };
        positions.iter().map(|position| self.link_one(*position, &placement, &indices, copies)).collect()
    }

    /// Numbers for the thread-local blocks, from 1.
    fn tls_indices(&self) -> Vec<u64> {
        let mut count = 0;
        let has_block = |input: &LinkInput<'_>| input.is_mapped && input.elf.tls().is_some();
        let number = |input| {
            count += u64::from(has_block(input));
            if has_block(input) { count } else { 0 }
        };
        self.inputs.iter().map(number).collect()
    }

    fn link_one(
        &self,
        position: usize,
        placement: &Placement<'_>,
        indices: &[LibraryIndex],
        copies: LibraryWay,
    ) -> LinkedLibrary {
        let LinkInput { elf, needed, is_mapped } = &self.inputs[position];
        let needed = needed.iter().map(|found| match found {
            Found::Library(index) => NewNeeded::Library(indices[*index]),
            // What is nowhere now may be there when the program runs; if not, loading says so as it does from disk.
            Found::Host(name) | Found::Missing(name) => NewNeeded::Host(name.clone()),
        });
        let way = if *is_mapped { LibraryWay::Mapped } else { copies };
        let mut description = describe(elf, way, placement.addresses[position]);
        description.needed = needed.collect();
        if !is_mapped {
            return LinkedLibrary { image: Vec::new(), description };
        }
        description.facts.tls_index = placement.tls_indices[position];
        let scope = self.scope(position);
        let mut job =
            Job { linker: self, position, scope, placement, image: image(elf), description, symbols: HashMap::new() };
        job.relocate();
        job.description.imports.sort_by_key(|import| (import.symbol, import.slot));
        LinkedLibrary { image: job.image, description: job.description }
    }

    /// A library and what it needs, breadth first.
    fn scope(&self, start: usize) -> Vec<usize> {
        let (mut scope, mut seen, mut queue) = (Vec::new(), HashSet::from([start]), VecDeque::from([start]));
        while let Some(index) = queue.pop_front() {
            scope.push(index);
            for found in self.inputs[index].needed {
                if let Found::Library(next) = found
                    && seen.insert(*next)
                {
                    queue.push_back(*next);
                }
            }
        }
        scope
    }

    /// The library and symbol that a reference means, among the mapped libraries of a scope.
    fn define(&self, scope: &[usize], wanted: &Symbol<'_>) -> Option<(usize, &'a Symbol<'a>)> {
        let found = |index: &usize| self.definition(*index, wanted).map(|symbol| (*index, symbol));
        let first = scope.iter().find_map(found)?;
        if is_shared_variable(first.1) { scope.iter().rev().find_map(found) } else { Some(first) }
    }

    fn definition(&self, index: usize, wanted: &Symbol<'_>) -> Option<&'a Symbol<'a>> {
        let input = &self.inputs[index];
        if !input.is_mapped {
            return None;
        }
        let elf: &'a Elf<'a> = input.elf;
        let definitions = self.definitions[index].get_or_init(|| definitions(elf));
        let candidates = definitions.get(wanted.name)?.iter().map(|position| &elf.symbols[*position]);
        let fits = |symbol: &&Symbol<'_>| match (wanted.version, symbol.version) {
            (Some(wanted), Some(found)) => wanted == found,
            (Some(_), None) => true,
            (None, _) => !symbol.is_hidden,
        };
        candidates.clone().find(fits).or_else(|| candidates.clone().next().filter(|_| wanted.version.is_none()))
    }
}

/// One library being linked.
struct Job<'j, 'a> {
    linker: &'j Linker<'a>,
    position: usize,
    scope: Vec<usize>,
    placement: &'j Placement<'j>,
    image: Vec<u8>,
    description: NewLibrary,
    /// The description's symbols by position in the library's own table.
    symbols: HashMap<usize, u64>,
}

impl<'a> Job<'_, 'a> {
    fn elf(&self) -> &'a Elf<'a> {
        self.linker.inputs[self.position].elf
    }

    fn base(&self) -> u64 {
        self.placement.addresses[self.position]
    }

    fn relocate(&mut self) {
        let (elf, base) = (self.elf(), self.base());
        for address in &elf.relative_words {
            let word = self.word(*address).wrapping_add(base);
            self.put(*address, word);
        }
        for relocation in &elf.relocations {
            let (slot, addend) = (relocation.address, relocation.addend);
            match relocation.kind {
                reloc::R_X86_64_RELATIVE => self.put(slot, base.wrapping_add(addend)),
                reloc::R_X86_64_IRELATIVE => self.resolver(slot, base.wrapping_add(addend), 0),
                reloc::R_X86_64_GLOB_DAT | reloc::R_X86_64_JUMP_SLOT => self.bind(slot, relocation.symbol, 0),
                reloc::R_X86_64_64 => self.bind(slot, relocation.symbol, addend),
                reloc::R_X86_64_DTPMOD64 | reloc::R_X86_64_DTPOFF64 => {
                    self.processor(slot, relocation.kind, relocation.symbol, addend);
                }
                _ => {}
            }
        }
    }

    fn bind(&mut self, slot: u64, symbol: usize, addend: u64) {
        let Some(wanted) = self.elf().symbols.get(symbol) else { return };
        match self.binding(wanted) {
            Binding::Address(address) => self.put(slot, address.wrapping_add(addend)),
            Binding::Resolver(function) => self.resolver(slot, function, addend),
            Binding::Import => {
                let symbol = self.import_symbol(symbol, wanted);
                self.description.imports.push(Import { slot, symbol, addend });
            }
        }
    }

    fn binding(&self, wanted: &Symbol<'a>) -> Binding {
        if wanted.name.is_empty() || is_own(wanted) {
            return self.address(self.position, wanted);
        }
        let stub = self.linker.stub;
        if let Some(address) = stub.replacement(wanted.name) {
            return Binding::Address(address);
        }
        let is_symbolic = wanted.is_defined && is_symbolic(self.elf());
        match stub.address(wanted.name) {
            Some(address) if !is_symbolic => return Binding::Address(address),
            _ => {}
        }
        match self.linker.define(&self.scope, wanted) {
            Some((index, symbol)) => self.address(index, symbol),
            None => Binding::Import,
        }
    }

    fn address(&self, index: usize, symbol: &Symbol<'_>) -> Binding {
        let address = self.placement.addresses[index].wrapping_add(symbol.value);
        if symbol.kind == sym::STT_GNU_IFUNC { Binding::Resolver(address) } else { Binding::Address(address) }
    }

    fn resolver(&mut self, slot: u64, function: u64, addend: u64) {
        self.description.resolvers.push(Resolver { slot, function, addend });
    }

    fn processor(&mut self, slot: u64, kind: u32, symbol: usize, addend: u64) {
        let elf = self.elf();
        let wanted = elf.symbols.get(symbol).filter(|wanted| symbol != 0 && !is_own(wanted));
        let found = wanted.and_then(|wanted| self.linker.define(&self.scope, wanted));
        let own_value = elf.symbols.get(symbol).filter(|_| symbol != 0).map_or(0, |symbol| symbol.value);
        let (index, value) = found.map_or((self.position, own_value), |(index, symbol)| (index, symbol.value));
        match kind {
            reloc::R_X86_64_DTPMOD64 => self.put(slot, OWN_TLS_MODULE | self.placement.tls_indices[index]),
            _ => self.put(slot, value.wrapping_add(addend)),
        }
    }

    fn import_symbol(&mut self, position: usize, wanted: &Symbol<'_>) -> u64 {
        let symbols = &mut self.description.symbols;
        *self.symbols.entry(position).or_insert_with(|| {
            let is_weak = wanted.bind == sym::STB_WEAK;
            symbols.push((wanted.name.to_owned(), wanted.version.map(str::to_owned), is_weak));
            symbols.len() as u64 - 1
        })
    }

    fn word(&self, address: u64) -> u64 {
        let start = usize::try_from(address).unwrap_or(usize::MAX);
        let word = self.image.get(start..).and_then(|rest| rest.first_chunk());
        word.map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    /// Writes a word; one outside the image (the file is odd) is ignored, as the image has no such place.
    fn put(&mut self, address: u64, word: u64) {
        let start = usize::try_from(address).unwrap_or(usize::MAX);
        if let Some(place) = self.image.get_mut(start..).and_then(|rest| rest.first_chunk_mut()) {
            *place = word.to_le_bytes();
        }
    }
}

fn is_processor(kind: u32) -> bool {
    matches!(kind, reloc::R_X86_64_DTPMOD64 | reloc::R_X86_64_DTPOFF64)
}

/// True for a definition that nothing else can replace.
fn is_own(symbol: &Symbol<'_>) -> bool {
    symbol.bind == sym::STB_LOCAL || (symbol.is_defined && symbol.visibility != sym::STV_DEFAULT)
}

/// True for a definition of which there should be one only, although several libraries have it.
fn is_shared_variable(symbol: &Symbol<'_>) -> bool {
    symbol.bind == sym::STB_GNU_UNIQUE || (symbol.bind == sym::STB_WEAK && symbol.kind == sym::STT_OBJECT)
}

fn is_symbolic(elf: &Elf<'_>) -> bool {
    elf.dynamic.contains_key(&DT_SYMBOLIC) || elf.tag(DT_FLAGS) & DF_SYMBOLIC != 0
}

fn definitions<'a>(elf: &Elf<'a>) -> Definitions<'a> {
    let mut definitions: Definitions<'a> = HashMap::new();
    for (position, symbol) in elf.symbols.iter().enumerate() {
        if symbol.is_defined
            && symbol.bind != sym::STB_LOCAL
            && !matches!(symbol.visibility, sym::STV_HIDDEN | sym::STV_INTERNAL)
        {
            definitions.entry(symbol.name).or_default().push(position);
        }
    }
    definitions
}

/// Bytes of a library's image: whole pages.
pub(super) fn image_size(elf: &Elf<'_>) -> u64 {
    elf.span().next_multiple_of(PAGE_SIZE)
}

/// The segments' bytes at their addresses, zeros between them.
fn image(elf: &Elf<'_>) -> Vec<u8> {
    // OK because the size was found to fit the payload.
    let mut image = vec![0; usize::try_from(image_size(elf)).unwrap_or(0)];
    for load in elf.loads() {
        let bytes = file_bytes(elf, load);
        let start = usize::try_from(load.p_vaddr).unwrap_or(usize::MAX);
        if let Some(place) = image.get_mut(start..).and_then(|rest| rest.get_mut(..bytes.len())) {
            place.copy_from_slice(bytes);
        }
    }
    image
}

fn file_bytes<'a>(elf: &Elf<'a>, load: &ProgramHeader) -> &'a [u8] {
    // OK because `Elf::parse` has found the segments inside the file, which is in memory.
    let range = load.p_offset..load.p_offset + load.p_filesz;
    elf.bytes
        .get(usize::try_from(range.start).unwrap_or(0)..usize::try_from(range.end).unwrap_or(0))
        .unwrap_or_default()
}

/// How the library's file is put together: stretches that lie unchanged in its image, and the rest.
pub(super) fn pieces(elf: &Elf<'_>) -> Vec<Piece> {
    let mut unchanged: Vec<_> = elf.loads().filter(|load| load.p_flags & PF_W == 0 && load.p_filesz > 0).collect();
    unchanged.sort_by_key(|load| load.p_offset);
    let (mut pieces, mut end) = (Vec::new(), 0);
    let rest = |from: u64, to: u64| Piece { file_offset: from, size: to - from, image_address: None };
    for load in unchanged.into_iter().filter(|load| load.p_filesz > 0) {
        if load.p_offset < end {
            continue;
        }
        if load.p_offset > end {
            pieces.push(rest(end, load.p_offset));
        }
        let image_address = Some(load.p_vaddr);
        pieces.push(Piece { file_offset: load.p_offset, size: load.p_filesz, image_address });
        end = load.p_offset + load.p_filesz;
    }
    let file_size = elf.bytes.len() as u64;
    if end < file_size {
        pieces.push(rest(end, file_size));
    }
    pieces
}

/// The bytes of the file that are not in the image.
pub(super) fn rest_of_file(elf: &Elf<'_>) -> Vec<u8> {
    let rest = pieces(elf).into_iter().filter(|piece| piece.image_address.is_none());
    let bytes = |piece: Piece| {
        let start = usize::try_from(piece.file_offset).unwrap_or(usize::MAX);
        let end = usize::try_from(piece.file_offset + piece.size).unwrap_or(usize::MAX);
        elf.bytes.get(start..end).unwrap_or_default()
    };
    rest.flat_map(bytes).copied().collect()
}

fn describe(elf: &Elf<'_>, way: LibraryWay, address: u64) -> NewLibrary {
    let facts = LibraryFacts { file_size: elf.bytes.len() as u64, ..LibraryFacts::default() };
    let empty = NewLibrary {
        way,
        address,
        span: 0,
        facts,
        soname: elf.soname.map(str::to_owned),
        segments: Vec::new(),
        pieces: Vec::new(),
        needed: Vec::new(),
        resolvers: Vec::new(),
        imports: Vec::new(),
        symbols: Vec::new(),
    };
    if way != LibraryWay::Mapped {
        return empty;
    }
    NewLibrary {
        span: image_size(elf),
        facts: mapped_facts(elf),
        segments: protections(elf),
        pieces: pieces(elf),
        ..empty
    }
}

fn mapped_facts(elf: &Elf<'_>) -> LibraryFacts {
    use goblin::elf::dynamic as tag;
    let tls = elf.tls();
    let relro = elf.relro().map(|relro| {
        let start = relro.p_vaddr / PAGE_SIZE * PAGE_SIZE;
        (start, ((relro.p_vaddr + relro.p_memsz) / PAGE_SIZE * PAGE_SIZE).saturating_sub(start))
    });
    LibraryFacts {
        file_size: elf.bytes.len() as u64,
        program_headers: program_headers(elf),
        program_header_count: elf.segments.len() as u64,
        exception_frames: elf.exception_frames(),
        symbols: elf.tag(tag::DT_SYMTAB),
        symbol_count: elf.symbols.len() as u64,
        names: elf.tag(tag::DT_STRTAB),
        names_size: elf.tag(tag::DT_STRSZ),
        hash: elf.tag(tag::DT_GNU_HASH),
        symbol_versions: elf.tag(tag::DT_VERSYM),
        version_definitions: elf.tag(tag::DT_VERDEF),
        tls: tls.map_or(0, |tls| tls.p_vaddr),
        tls_file_size: tls.map_or(0, |tls| tls.p_filesz),
        tls_size: tls.map_or(0, |tls| tls.p_memsz),
        tls_alignment: tls.map_or(0, |tls| tls.p_align.max(16)),
        tls_index: 0,
        init: elf.tag(tag::DT_INIT),
        init_array: elf.tag(tag::DT_INIT_ARRAY),
        init_count: elf.tag(tag::DT_INIT_ARRAYSZ) / 8,
        fini: elf.tag(tag::DT_FINI),
        fini_array: elf.tag(tag::DT_FINI_ARRAY),
        fini_count: elf.tag(tag::DT_FINI_ARRAYSZ) / 8,
        relro: relro.map_or(0, |(start, _)| start),
        relro_size: relro.map_or(0, |(_, size)| size),
    }
}

/// Where the program headers lie in memory; 0 if nowhere.
fn program_headers(elf: &Elf<'_>) -> u64 {
    let offset = elf.bytes.get(32..40).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let holds = |load: &&ProgramHeader| (load.p_offset..load.p_offset + load.p_filesz).contains(&offset);
    elf.loads().find(holds).map_or(0, |load| load.p_vaddr + (offset - load.p_offset))
}

fn protections(elf: &Elf<'_>) -> Vec<Segment> {
    let segment = |load: &ProgramHeader| {
        let address = load.p_vaddr / PAGE_SIZE * PAGE_SIZE;
        let size = (load.p_vaddr + load.p_memsz).next_multiple_of(PAGE_SIZE) - address;
        Segment { address, size, flags: u64::from(load.p_flags) }
    };
    // The payload is readable already.
    elf.loads().filter(|load| load.p_flags & (PF_W | PF_X) != 0).map(segment).collect()
}
