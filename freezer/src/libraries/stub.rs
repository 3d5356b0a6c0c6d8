//! The symbols that the stub exports: CPython's C API and what the stub has in place of the C library's own.

use std::collections::HashMap;

/// By name, at fixed addresses: the stub is not position-independent.
#[derive(Default)]
pub(super) struct StubSymbols<'s> {
    addresses: HashMap<&'s str, u64>,
    /// By the name of what each replaces.
    replacements: HashMap<&'s str, u64>,
}

/// Functions of the stub that only mapped libraries are bound to have the C library's name behind this prefix.
const REPLACEMENT_PREFIX: &str = "_PyFreeze_";

impl<'s> StubSymbols<'s> {
    pub(super) fn parse(stub: &'s [u8]) -> Result<Self, goblin::error::Error> {
        let elf = goblin::elf::Elf::parse(stub)?;
        let defined = elf.dynsyms.iter().filter(|symbol| symbol.st_shndx != 0);
        let named = defined.filter_map(|symbol| Some((elf.dynstrtab.get_at(symbol.st_name)?, symbol.st_value)));
        let addresses: HashMap<_, _> = named.collect();
        let replacement = |(name, address): (&&'s str, &u64)| Some((name.strip_prefix(REPLACEMENT_PREFIX)?, *address));
        Ok(Self { replacements: addresses.iter().filter_map(replacement).collect(), addresses })
    }

    /// The address of a symbol that the stub exports.
    pub(super) fn address(&self, name: &str) -> Option<u64> {
        self.addresses.get(name).copied()
    }

    /// The address of what mapped libraries get in place of the C library's function.
    pub(super) fn replacement(&self, name: &str) -> Option<u64> {
        self.replacements.get(name).copied()
    }
}
