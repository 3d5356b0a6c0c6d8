//! Symbols of mapped libraries by name, for `dlsym`.
//!
//! Sources: glibc's `elf/dl-lookup.c`, the symbol versions of the GNU extensions. Everything is
//! read through [`Image`], which knows the library's bounds.

use core::ffi::{CStr, c_char, c_void};
use core::ops::Range;
use core::sync::atomic::Ordering;

use pyfreeze_format::{Library, Needed};

use super::table::{self, Loaded, Status};
use crate::sys::gnu_hash;

/// Deepest chain of needs that a search follows.
const DEEPEST: usize = 32;

const STB_LOCAL: u8 = 0;
const STT_TLS: u8 = 6;
const STT_GNU_IFUNC: u8 = 10;

unsafe extern "C" {
    fn _PyFreeze___tls_get_addr(index: *const [u64; 2]) -> *mut c_void;
}

/// A mapped library's memory.
#[derive(Clone, Copy)]
pub(super) struct Image<'l> {
    base: u64,
    library: &'l Library<'static>,
}

/// An entry of a dynamic symbol table (`Elf64_Sym`).
#[derive(Clone, Copy)]
pub(super) struct Symbol {
    pub(super) name: u64,
    kind: u8,
    bind: u8,
    is_defined: bool,
    pub(super) value: u64,
    pub(super) size: u64,
}

impl Image<'static> {
    /// The memory of a library that is loaded and mapped.
    pub(super) fn of(loaded: &Loaded) -> Option<Self> {
        let library = loaded.library()?;
        (library.row.span > 0).then_some(Image { base: loaded.address(), library })
    }
}

impl Image<'_> {
    /// The addresses of the memory.
    pub(super) fn range(&self) -> Range<u64> {
        self.base..self.base.saturating_add(self.library.row.span)
    }

    fn read<T: Copy>(&self, address: u64) -> Option<T> {
        let end = address.checked_add(size_of::<T>() as u64)?;
        let place = self.base.checked_add(address)? as *const T;
        // SAFETY: inside the library's readable memory; integers have no invalid values.
        (end <= self.library.row.span).then(|| unsafe { place.read_unaligned() })
    }

    pub(super) fn symbol(&self, position: u64) -> Option<Symbol> {
        let facts = &self.library.facts;
        let start = facts.symbols.checked_add(position.checked_mul(24)?)?;
        let information: u8 = self.read(start.checked_add(4)?)?;
        let section: u16 = self.read(start.checked_add(6)?)?;
        Some(Symbol {
            name: facts.names.checked_add(u64::from(self.read::<u32>(start)?))?,
            kind: information & 0xf,
            bind: information >> 4,
            is_defined: section != 0,
            value: self.read(start.checked_add(8)?)?,
            size: self.read(start.checked_add(16)?)?,
        })
    }

    fn has_name(&self, symbol: &Symbol, name: &[u8]) -> bool {
        let characters = name.iter().zip(symbol.name..);
        characters.into_iter().all(|(wanted, address)| self.read::<u8>(address) == Some(*wanted))
    }

    /// The definition of `name` (with its terminator), of the version if one is wanted.
    fn define(&self, name: &[u8], version: Option<&CStr>) -> Option<Symbol> {
        let is_meant = |position: u64| {
            let symbol = self.symbol(position)?;
            let fits = symbol.is_defined && symbol.bind != STB_LOCAL && self.has_name(&symbol, name);
            (fits && self.has_version(position, version)).then_some(symbol)
        };
        if self.library.facts.hash == 0 {
            return (1..self.library.facts.symbol_count).find_map(is_meant);
        }
        let image = *self;
        gnu_hash::candidates(self.library.facts.hash, name, move |address| image.read(address))?.find_map(is_meant)
    }

    /// Without a wanted version, the one that is not hidden.
    fn has_version(&self, position: u64, version: Option<&CStr>) -> bool {
        let facts = &self.library.facts;
        if facts.symbol_versions == 0 {
            return true;
        }
        let number =
            position.checked_mul(2).and_then(|offset| self.read::<u16>(facts.symbol_versions.checked_add(offset)?));
        match (number, version) {
            (Some(number), Some(version)) => self.is_version(number & 0x7fff, version.to_bytes_with_nul()),
            (Some(number), None) => number & 0x8000 == 0,
            (None, _) => true,
        }
    }

    /// Whether the version definition of a number has this name (`Elf64_Verdef`, `Elf64_Verdaux`).
    fn is_version(&self, number: u16, name: &[u8]) -> bool {
        let mut definition = self.library.facts.version_definitions;
        while definition != 0 {
            let found = self.read::<u16>(definition.saturating_add(4));
            if found == Some(number) {
                let auxiliary = self.read::<u32>(definition.saturating_add(12)).unwrap_or(0);
                let place = definition.saturating_add(u64::from(auxiliary));
                let offset = self.read::<u32>(place).unwrap_or(0);
                let text = self.library.facts.names.saturating_add(u64::from(offset));
                return name.iter().zip(text..).all(|(wanted, address)| self.read::<u8>(address) == Some(*wanted));
            }
            match self.read::<u32>(definition.saturating_add(16)) {
                Some(next) if next != 0 => definition = definition.saturating_add(u64::from(next)),
                _ => return false,
            }
        }
        false
    }

    /// The address of what the library itself defines by this name, which has its terminator.
    pub(super) fn function(&self, name: &[u8]) -> Option<*mut c_void> {
        self.define(name, None).map(|symbol| self.value(&symbol))
    }

    /// What a symbol stands for in this process.
    fn value(&self, symbol: &Symbol) -> *mut c_void {
        let address = self.base.saturating_add(symbol.value);
        match symbol.kind {
            STT_TLS => {
                let index = [self.library.facts.tls_index, symbol.value];
                // SAFETY: the number of a block of this library, which has thread-local variables.
                unsafe { _PyFreeze___tls_get_addr(&raw const index) }
            }
            STT_GNU_IFUNC => {
                // SAFETY: the ABI gives the function behind such a symbol this signature.
                let resolver: extern "C" fn() -> *mut c_void =
                    unsafe { core::mem::transmute(address as *const c_void) };
                resolver()
            }
            _ => address as *mut c_void,
        }
    }

    /// The last symbol at or before an address: its name and where it begins.
    pub(super) fn nearest(&self, address: u64) -> Option<(*const c_char, u64)> {
        let distance = address.checked_sub(self.base)?;
        let symbols = (1..self.library.facts.symbol_count).filter_map(|position| self.symbol(position));
        let holds = |symbol: &Symbol| {
            let is_near =
                symbol.value <= distance && (distance < symbol.value.saturating_add(symbol.size) || symbol.size == 0);
            symbol.is_defined && symbol.kind != STT_TLS && is_near
        };
        let symbol = symbols.filter(holds).max_by_key(|symbol| symbol.value)?;
        Some((self.base.checked_add(symbol.name)? as *const c_char, self.base.checked_add(symbol.value)?))
    }
}

/// Whether a search begins with the library or only with what it needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    Itself,
    Needed,
}

/// A symbol of a library or of what it needs, breadth first.
pub(super) fn in_scope(loaded: &Loaded, name: &[u8], version: Option<&CStr>, from: From) -> Option<*mut c_void> {
    (0..DEEPEST).find_map(|depth| match (depth, from) {
        (0, From::Needed) => None,
        _ => at_depth(loaded, name, version, depth),
    })
}

fn at_depth(loaded: &Loaded, name: &[u8], version: Option<&CStr>, depth: usize) -> Option<*mut c_void> {
    let Some(next) = depth.checked_sub(1) else { return in_one(loaded, name, version) };
    let needed = loaded.library()?.needed().filter_map(|needed| match needed {
        Needed::Library(index) => table::known().get(usize::try_from(index.0).ok()?),
        Needed::Host(_) => None,
    });
    needed.into_iter().find_map(|needed| at_depth(needed, name, version, next))
}

fn in_one(loaded: &Loaded, name: &[u8], version: Option<&CStr>) -> Option<*mut c_void> {
    let foreign = loaded.handle.load(Ordering::Acquire);
    if !foreign.is_null() {
        let version = version.map_or(core::ptr::null(), CStr::as_ptr);
        let found = super::host::symbol(foreign, name.as_ptr().cast(), version);
        return (!found.is_null()).then_some(found);
    }
    let image = Image::of(loaded)?;
    image.define(name, version).map(|symbol| image.value(&symbol))
}

/// A symbol of a library that was opened with `RTLD_GLOBAL`. The name has its terminator.
pub(super) fn in_global(name: &[u8]) -> Option<*mut c_void> {
    let is_global = |loaded: &&Loaded| loaded.status() == Status::Ready && loaded.is_global.load(Ordering::Acquire);
    table::known().iter().filter(is_global).find_map(|loaded| in_scope(loaded, name, None, From::Itself))
}
