//! Which libraries go in, what each needs, how each is brought to run.

use std::collections::{BTreeMap, BTreeSet};

use pyfreeze_format::{LibraryWay, LinkedLibrary, PlacedLibrary};
use serde::{Deserialize, Serialize};

use super::elf::Elf;
use super::host::{self, GlibcVersion};
use super::link::{self, LinkInput, Linker};
use super::needed::{Found, Names};
use super::stub::StubSymbols;
use super::{LibraryError, MissingLibrary, elf};
use crate::contents::{Contents, DataFile, FileContent, Owner, Reason, SharedLibrary, Warning};
use crate::payload::{PackedLibrary, parallel_map};
use crate::runtime::{Runtime, RuntimeLibrary};

/// How libraries are brought to run, as the user wishes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Native {
    /// Mapped from the executable as far as possible, else copied to memory.
    #[default]
    Auto,
    /// All copied to memory and loaded by the dynamic loader.
    Memfd,
    /// All copied to the user's cache folder and loaded by the dynamic loader.
    Cache,
    /// All written to a folder beside the executable and loaded by the dynamic loader.
    Beside,
}

impl Native {
    /// The words for each, in words.
    pub const WORDS: &'static str = "`auto`, `memfd`, `cache` or `beside`";

    /// The way that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "auto" => Some(Self::Auto),
            "memfd" => Some(Self::Memfd),
            "cache" => Some(Self::Cache),
            "beside" => Some(Self::Beside),
            _ => None,
        }
    }
}

/// What the plan depends on besides the contents.
#[derive(Clone, Debug, Default)]
pub struct LibraryOptions {
    /// How libraries are brought to run.
    pub native: Native,
    /// Libraries that are expected on every machine on which the program runs.
    pub host_libraries: Vec<String>,
    /// The oldest glibc on which the program must run.
    pub glibc: Option<GlibcVersion>,
    /// Whether what no import reaches is left out.
    pub is_pruned: bool,
    /// Threads that read.
    pub worker_count: usize,
}

/// The libraries' bytes.
pub struct LibraryFiles {
    files: Vec<LibraryFile>,
}

struct LibraryFile {
    library: SharedLibrary,
    bytes: Vec<u8>,
    /// Brought by the runtime for libraries that expect it of the host.
    is_carried: bool,
}

/// The folder below the virtual root in which libraries of the runtime appear.
const CARRIED_FOLDER: &str = "lib";

impl LibraryFiles {
    /// Reads all libraries of the contents, and those that the runtime can bring along.
    ///
    /// # Errors
    /// [`LibraryError::Read`].
    pub fn read(contents: &Contents, runtime: &Runtime, worker_count: usize) -> Result<Self, LibraryError> {
        let mut files = parallel_map(&contents.libraries, worker_count, read, |_| ())?;
        let pack = PackedLibrary::new(runtime);
        let carried = runtime.descriptor().carried_libraries.iter().filter(|_| !files.is_empty());
        let carried = carried.filter_map(|name| {
            let bytes = pack.content(&format!("{}/{name}", crate::runtime::CARRIED_FOLDER)).ok()?;
            let path = format!("{CARRIED_FOLDER}/{name}");
            Some(LibraryFile::carried(path, bytes))
        });
        let carried: Vec<_> = carried.collect();
        files.extend(carried);
        Ok(Self { files })
    }
}

fn read(library: &SharedLibrary) -> Result<LibraryFile, LibraryError> {
    let file = &library.file;
    let bytes = match &file.content {
        FileContent::Disk(path) => {
            std::fs::read(path).map_err(|source| LibraryError::Read { path: path.clone(), source })?
        }
        FileContent::Bytes(bytes) => bytes.to_vec(),
        FileContent::Pack => Vec::new(),
    };
    Ok(LibraryFile { library: library.clone(), bytes, is_carried: false })
}

impl LibraryFile {
    fn carried(path: String, bytes: Vec<u8>) -> Self {
        let content = FileContent::Pack;
        let file = DataFile { path, owner: Owner::StandardLibrary, content, is_executable: true };
        let library = SharedLibrary { file, module: None, imported_by: None, reason: None, is_required: false };
        Self { library, bytes, is_carried: true }
    }

    fn path(&self) -> &str {
        &self.library.file.path
    }

    fn owner(&self) -> &Owner {
        &self.library.file.owner
    }

    fn is_module(&self) -> bool {
        self.library.module.is_some()
    }
}

/// A library that goes in.
pub struct PlannedLibrary<'a> {
    file: &'a LibraryFile,
    elf: Elf<'a>,
    needed: Vec<Found>,
    /// Why the dynamic loader loads a copy of it; `None` for one that is mapped.
    reason: Option<String>,
}

/// What the executable needs of glibc, and who wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlibcFloor {
    /// The oldest version that will do.
    pub version: String,
    /// The library that wants it; `None` for the stub itself.
    pub path: Option<String>,
    /// The symbol for which it does.
    pub symbol: Option<String>,
}

impl GlibcFloor {
    fn of(library: &PlannedLibrary<'_>, version: &GlibcVersion, symbol: &str) -> Self {
        let (path, symbol) = (Some(library.path().to_owned()), Some(symbol.to_owned()));
        Self { version: version.to_string(), path, symbol }
    }
}

/// What a library needs besides glibc's own libraries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The paths of libraries below the virtual root.
    pub inside: Vec<String>,
    /// The names of libraries of the host.
    pub host: Vec<String>,
    /// The names of libraries that are nowhere.
    pub missing: Vec<String>,
}

/// All libraries that go in.
#[derive(Default)]
pub struct LibraryPlan<'a> {
    libraries: Vec<PlannedLibrary<'a>>,
    /// Files that look like libraries and are none for this target: they are data.
    data: Vec<&'a LibraryFile>,
    stub: StubSymbols<'a>,
    /// The oldest glibc on which the stub runs.
    own_glibc: Option<GlibcVersion>,
    floor: GlibcFloor,
    native: Native,
    warnings: Vec<Warning>,
}

impl<'a> PlannedLibrary<'a> {
    /// Its path below the virtual root.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.file.path()
    }

    /// Who brought it along.
    #[must_use]
    pub fn owner(&self) -> &'a Owner {
        self.file.owner()
    }

    /// The dotted name of the module that imports reach by it.
    #[must_use]
    pub fn module(&self) -> Option<&'a str> {
        self.file.library.module.as_deref()
    }

    /// The first module found that imports it.
    #[must_use]
    pub fn imported_by(&self) -> Option<&'a str> {
        self.file.library.imported_by.as_deref()
    }

    /// Why it is in; `None` for what comes along with its owner.
    #[must_use]
    pub fn import_reason(&self) -> Option<Reason> {
        self.file.library.reason
    }

    /// The bytes of its file.
    #[must_use]
    pub fn file_bytes(&self) -> &'a [u8] {
        &self.file.bytes
    }

    /// Bytes of the file that it was.
    #[must_use]
    pub fn file_size(&self) -> u64 {
        self.file.bytes.len() as u64
    }

    /// Why the dynamic loader loads a copy; `None` for a library that is mapped from the executable.
    #[must_use]
    pub fn copied_because(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Bytes of its image; 0 without one.
    #[must_use]
    pub fn image_size(&self) -> u64 {
        if self.reason.is_none() { link::image_size(&self.elf) } else { 0 }
    }

    /// What is stored beside the image: the whole file if there is none.
    #[must_use]
    pub fn stored_bytes(&self) -> std::borrow::Cow<'a, [u8]> {
        if self.reason.is_none() { link::rest_of_file(&self.elf).into() } else { self.file.bytes.as_slice().into() }
    }

    /// True for one that the runtime brings for libraries that expect it of the host.
    #[must_use]
    pub fn is_carried(&self) -> bool {
        self.file.is_carried
    }
}

impl<'a> LibraryPlan<'a> {
    /// Decides everything but addresses.
    ///
    /// # Errors
    /// [`LibraryError`] when a library that is imported can't be used, needs what is nowhere, or a newer glibc than
    /// allowed.
    pub fn new(files: &'a LibraryFiles, runtime: &'a Runtime, options: &LibraryOptions) -> Result<Self, LibraryError> {
        let borrowed: Vec<&'a LibraryFile> = files.files.iter().collect();
        let elfs = parallel_map(&borrowed, options.worker_count, parse, |_| ())?;
        let (mut parsed, mut data, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
        for (file, elf) in files.files.iter().zip(elfs) {
            match usable(elf) {
                Ok(elf) => parsed.push((file, elf)),
                Err(reason) => {
                    check_unused(file, reason)?;
                    data.push(file);
                }
            }
        }
        let needed = find_needed(&parsed, options);
        warnings.extend(same_names(&parsed));
        let kept = kept(&parsed, &needed, options.is_pruned);
        let libraries = planned(parsed, needed, &kept);
        // OK because the runtime's stub was linked by a linker, and grafting reads it once more.
        let stub = if libraries.is_empty() { Ok(StubSymbols::default()) } else { StubSymbols::parse(runtime.stub()) };
        let stub = stub.map_err(|error| LibraryError::Stub { reason: error.to_string() })?;
        let floor = GlibcFloor { version: runtime.descriptor().glibc.clone(), path: None, symbol: None };
        let own_glibc = GlibcVersion::parse(&floor.version);
        let mut plan = Self { libraries, data, stub, own_glibc, floor, native: options.native, warnings };
        plan.choose_ways();
        plan.check_needed(options)?;
        plan.find_floor(options)?;
        Ok(plan)
    }

    /// The libraries that go in, sorted by path.
    #[must_use]
    pub fn libraries(&self) -> &[PlannedLibrary<'a>] {
        &self.libraries
    }

    /// The paths of licences of libraries that the runtime could have brought along and that are not needed.
    pub fn unused_licenses(&self, runtime: &Runtime) -> BTreeSet<String> {
        let used = self.libraries.iter().filter(|library| library.is_carried());
        let used: BTreeSet<_> = used.filter_map(|library| library.path().rsplit('/').next()).collect();
        let is_unused = |soname: &String| !used.contains(soname.as_str());
        let unused = runtime.descriptor().libraries.iter().filter(|part| part.soname.as_ref().is_some_and(is_unused));
        unused.map(RuntimeLibrary::license_path).collect()
    }

    /// How the user wished libraries to be brought to run.
    #[must_use]
    pub fn native(&self) -> Native {
        self.native
    }

    /// What a library needs besides glibc's own libraries.
    #[must_use]
    pub fn needs(&self, library: &PlannedLibrary<'a>) -> Needs {
        let mut needs = Needs::default();
        for found in &library.needed {
            match found {
                Found::Library(index) => needs.inside.push(self.libraries[*index].path().to_owned()),
                Found::Host(name) if host::is_glibc(name) => {}
                Found::Host(name) => needs.host.push(name.clone()),
                Found::Missing(name) => needs.missing.push(name.clone()),
            }
        }
        needs
    }

    /// The oldest glibc on which a library runs, if that is newer than the stub's own.
    #[must_use]
    pub fn glibc_of(&self, library: &PlannedLibrary<'a>) -> Option<GlibcFloor> {
        let (version, symbol) = self.wanted_glibc(library)?;
        let is_newer = self.own_glibc.as_ref().is_none_or(|own| version > *own);
        is_newer.then(|| GlibcFloor::of(library, &version, symbol))
    }

    /// Files that look like libraries and go in as data: path, owner, bytes.
    pub fn data(&self) -> impl Iterator<Item = (&'a str, &'a Owner, &'a [u8])> {
        self.data.iter().map(|file| (file.path(), file.owner(), file.bytes.as_slice()))
    }

    /// The oldest glibc on which the executable runs.
    #[must_use]
    pub fn floor(&self) -> &GlibcFloor {
        &self.floor
    }

    /// What was noticed.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Links every library for its place.
    #[must_use]
    pub fn link(&self, places: &[PlacedLibrary]) -> Vec<LinkedLibrary> {
        let position = |place: &PlacedLibrary| {
            self.libraries.binary_search_by(|library| library.path().cmp(place.path.as_str())).unwrap_or(0)
        };
        let positions: Vec<_> = places.iter().map(position).collect();
        let copies = match self.native {
            Native::Auto | Native::Memfd => LibraryWay::Memory,
            Native::Cache => LibraryWay::Cache,
            Native::Beside => LibraryWay::Beside,
        };
        self.linker().link(places, &positions, copies)
    }

    fn linker<'p>(&'p self) -> Linker<'p> {
        let input = |library: &'p PlannedLibrary<'a>| LinkInput {
            elf: &library.elf,
            needed: &library.needed,
            is_mapped: library.reason.is_none(),
        };
        Linker::new(self.libraries.iter().map(input).collect(), &self.stub)
    }

    /// Who is mapped and who is loaded by the dynamic loader, which must then load all that it needs.
    fn choose_ways(&mut self) {
        for library in &mut self.libraries {
            library.reason = match self.native {
                Native::Memfd => Some("as `--native memfd` says".to_owned()),
                Native::Cache => Some("as `--native cache` says".to_owned()),
                Native::Beside => Some("as `--native beside` says".to_owned()),
                Native::Auto => library.elf.obstacle.clone(),
            };
        }
        while let Some((index, reason)) = self.next_copied() {
            self.libraries[index].reason = Some(reason);
        }
    }

    /// A library that is still to be mapped but can't be.
    fn next_copied(&self) -> Option<(usize, String)> {
        for library in self.libraries.iter().filter(|library| library.reason.is_some()) {
            for found in &library.needed {
                if let Found::Library(index) = found
                    && self.libraries[*index].reason.is_none()
                {
                    return Some((*index, format!("`{}` needs it", library.path())));
                }
            }
        }
        let linker = self.linker();
        let mut mapped = (0..self.libraries.len()).filter(|index| self.libraries[*index].reason.is_none());
        mapped.find_map(|index| {
            let variable = linker.foreign_processor(index)?;
            Some((index, format!("it uses the thread-local variable `{variable}` of a library that is not mapped")))
        })
    }

    /// What a module needs without which the program can't start must be somewhere; of others it is only said.
    fn check_needed(&mut self, options: &LibraryOptions) -> Result<(), LibraryError> {
        let (reached, required) = (self.reached(|_| true), self.reached(|file| file.library.is_required));
        let (mut missing, mut doubtful) = (BTreeMap::new(), BTreeMap::new());
        let mut expected = BTreeMap::<&str, BTreeSet<&str>>::new();
        for (index, library) in self.libraries.iter().enumerate() {
            for found in &library.needed {
                match found {
                    Found::Missing(name) if reached.contains(&index) => {
                        let list = if required.contains(&index) { &mut missing } else { &mut doubtful };
                        let needed_by = library.path().to_owned();
                        list.entry(name).or_insert(MissingLibrary { name: name.clone(), needed_by });
                    }
                    Found::Host(name) if !host::is_glibc(name) && reached.contains(&index) => {
                        expected.entry(name).or_default().insert(library.path());
                    }
                    _ => {}
                }
            }
        }
        if !missing.is_empty() {
            return Err(LibraryError::Missing { libraries: missing.into_values().collect() });
        }
        let doubtful = doubtful.into_values().map(|library| Warning {
            message: format!("Cannot find {library}: importing that will fail"),
            hints: MissingLibrary::hints(&[library]),
        });
        let doubtful: Vec<_> = doubtful.collect();
        let named = |name: &&str| options.host_libraries.iter().any(|allowed| allowed == name);
        let warning = |(name, users): (&str, BTreeSet<&str>)| Warning {
            message: format!("Expected on every machine on which the program runs: `{name}`"),
            hints: vec![format!("it is needed by {}", first_of(&users))],
        };
        let mut warnings: Vec<_> = expected.into_iter().filter(|(name, _)| !named(name)).map(warning).collect();
        warnings.extend(doubtful);
        self.warnings.extend(warnings);
        Ok(())
    }

    /// The libraries of those imported modules that `is_meant` says, and all that they need.
    fn reached(&self, is_meant: impl Fn(&LibraryFile) -> bool) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let file = |index: &usize| self.libraries[*index].file;
        let is_start = |index: &usize| file(index).is_module() && is_meant(file(index));
        let mut next: Vec<_> = (0..self.libraries.len()).filter(is_start).collect();
        while let Some(index) = next.pop() {
            if reached.insert(index) {
                next.extend(self.libraries[index].needed.iter().filter_map(library_index));
            }
        }
        reached
    }

    fn find_floor(&mut self, options: &LibraryOptions) -> Result<(), LibraryError> {
        let mut oldest = self.own_glibc.clone();
        for index in self.reached(|_| true) {
            let library = &self.libraries[index];
            let Some((version, symbol)) = self.wanted_glibc(library) else { continue };
            if oldest.as_ref().is_none_or(|oldest| version > *oldest) {
                self.floor = GlibcFloor::of(library, &version, symbol);
                oldest = Some(version);
            }
        }
        match (&options.glibc, oldest) {
            (Some(wanted), Some(found)) if found > *wanted => Err(LibraryError::Glibc {
                found: found.to_string(),
                wanted: wanted.to_string(),
                symbol: self.floor.symbol.clone().unwrap_or_else(|| "its own code".to_owned()),
                path: self.floor.path.clone().unwrap_or_else(|| "the stub".to_owned()),
            }),
            _ => Ok(()),
        }
    }

    /// The newest glibc that a library wants, and the symbol for which it does.
    fn wanted_glibc(&self, library: &PlannedLibrary<'a>) -> Option<(GlibcVersion, &'a str)> {
        let is_weak = |symbol: &&elf::Symbol<'_>| symbol.bind == goblin::elf::sym::STB_WEAK;
        let imported = library.elf.symbols.iter().filter(|symbol| !symbol.is_defined && !is_weak(symbol));
        let since = |symbol: &elf::Symbol<'a>| {
            let version = symbol.version?;
            let is_own = self.stub.address(symbol.name).is_some() || self.stub.replacement(symbol.name).is_some();
            match library.reason {
                // The dynamic loader compares the versions of all that a library wants.
                Some(_) => Some((GlibcVersion::of_symbol(version)?, symbol.name)),
                None if is_own => None,
                None => Some((host::since(symbol.name, version)?, symbol.name)),
            }
        };
        imported.filter_map(since).max()
    }
}

fn parse<'a>(file: &&'a LibraryFile) -> Result<Option<Result<Elf<'a>, String>>, LibraryError> {
    Ok(Elf::parse(&file.bytes))
}

fn usable(elf: Option<Result<Elf<'_>, String>>) -> Result<Elf<'_>, String> {
    let elf = elf.unwrap_or_else(|| Err("it is no ELF file".to_owned()))?;
    match elf.needed.iter().find(|name| host::is_other_libc(name)) {
        Some(name) => Err(format!("it is for a Linux with another C library (`{name}`)")),
        None => Ok(elf),
    }
}

/// A library that is none for this target may lie around as long as nothing imports it.
fn check_unused(file: &LibraryFile, reason: String) -> Result<(), LibraryError> {
    match &file.library.module {
        Some(module) => Err(LibraryError::Unusable { module: module.clone(), path: file.path().to_owned(), reason }),
        None => Ok(()),
    }
}

type Parsed<'a> = (&'a LibraryFile, Elf<'a>);

fn find_needed(parsed: &[Parsed<'_>], options: &LibraryOptions) -> Vec<Vec<Found>> {
    let names = Names::new(parsed.iter().map(|(file, elf)| (file.path(), elf.soname)));
    let is_allowed = |name: &str| host::is_expected(name) || options.host_libraries.iter().any(|one| one == name);
    let needed = |(file, elf): &Parsed<'_>| {
        let is_near = |index: usize| parsed[index].0.owner() == file.owner();
        let find = |name: &&str| match names.find(file.path(), elf, name, is_near) {
            Found::Missing(name) if is_allowed(&name) => Found::Host(name),
            found => found,
        };
        elf.needed.iter().map(find).collect()
    };
    parsed.iter().map(needed).collect()
}

/// Everything but what pruning leaves out, and what the runtime could bring along but nobody needs.
fn kept(parsed: &[Parsed<'_>], needed: &[Vec<Found>], is_pruned: bool) -> Vec<bool> {
    let is_start = |file: &LibraryFile| !file.is_carried && (!is_pruned || file.is_module());
    let mut next: Vec<_> = (0..parsed.len()).filter(|index| is_start(parsed[*index].0)).collect();
    let mut kept = vec![false; parsed.len()];
    while let Some(index) = next.pop() {
        if !std::mem::replace(&mut kept[index], true) {
            next.extend(needed[index].iter().filter_map(library_index));
        }
    }
    kept
}

fn library_index(found: &Found) -> Option<usize> {
    match found {
        Found::Library(index) => Some(*index),
        _ => None,
    }
}

/// The libraries that are kept, sorted by path, referring to each other by their new positions.
fn planned<'a>(parsed: Vec<Parsed<'a>>, needed: Vec<Vec<Found>>, kept: &[bool]) -> Vec<PlannedLibrary<'a>> {
    let mut order: Vec<_> = (0..parsed.len()).filter(|index| kept[*index]).collect();
    order.sort_by_key(|index| parsed[*index].0.path());
    let positions: BTreeMap<_, _> = order.iter().enumerate().map(|(position, index)| (*index, position)).collect();
    let moved = |found: &Found| match found {
        // OK because what a kept library needs is kept.
        Found::Library(index) => Found::Library(positions.get(index).copied().unwrap_or(0)),
        other => other.clone(),
    };
    let mut slots: Vec<_> = parsed.into_iter().map(Some).collect();
    let planned = order.iter().filter_map(|index| {
        let (file, elf) = slots[*index].take()?;
        let needed = needed[*index].iter().map(moved).collect();
        Some(PlannedLibrary { file, elf, needed, reason: None })
    });
    planned.collect()
}

/// Libraries of one SONAME but with different content, by different owners: each gets its own, as far as it says where.
fn same_names(parsed: &[Parsed<'_>]) -> Vec<Warning> {
    let mut by_name = BTreeMap::<&str, Vec<&LibraryFile>>::new();
    for (file, elf) in parsed.iter().filter(|(file, _)| !file.is_carried && !file.is_module()) {
        by_name.entry(elf.soname.unwrap_or_default()).or_default().push(file);
    }
    by_name.remove("");
    let differs = |files: &[&LibraryFile]| {
        files.windows(2).any(|pair| pair[0].owner() != pair[1].owner() && pair[0].bytes != pair[1].bytes)
    };
    let warning = |(name, files): (&str, Vec<&LibraryFile>)| Warning {
        message: format!("Two packages bring different libraries of the same name: `{name}`"),
        hints: vec![first_of(&files.iter().map(|file| file.path()).collect())],
    };
    by_name.into_iter().filter(|(_, files)| differs(files)).map(warning).collect()
}

fn first_of(names: &BTreeSet<&str>) -> String {
    let first: Vec<_> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > 3 { format!(" and {} more", names.len() - 3) } else { String::new() };
    format!("{}{more}", first.join(", "))
}
