//! What a file is that pyfreeze did not make, in words for the person who asked.

use std::fmt;

use super::zip_names::zip_names;

/// What a file is that has no payload to inspect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Nothing in it.
    Empty,
    /// An ELF file without a payload segment.
    Elf,
    /// An ELF file whose program headers can't be read.
    BrokenElf,
    /// A program that PyInstaller made.
    PyInstaller,
    /// A program that Nuitka made, in one file.
    NuitkaOnefile,
    /// A program that PyOxidizer made.
    PyOxidizer,
    /// An ELF file with a file system behind it.
    AppImage,
    /// A text file that begins with `#!`.
    Script,
    /// A PE file.
    WindowsProgram,
    /// A Mach-O file.
    MacProgram,
    /// A zip archive with a `__main__.py`.
    Zipapp,
    /// The same, made by pex.
    Pex,
    /// The same, made by shiv.
    Shiv,
    /// A wheel.
    Wheel,
    /// Another zip archive.
    Zip,
    /// A compiled module.
    CompiledModule,
    /// A payload by itself: the library of a runtime pack.
    Payload,
    /// A runtime with its own library and no program.
    Interpreter,
    /// Anything else.
    Unknown,
}

/// Ends the archive that PyInstaller appends (`CArchiveReader._COOKIE_MAGIC_PATTERN`).
const PYINSTALLER_COOKIE: &[u8] = b"MEI\x0c\x0b\x0a\x0b\x0e";
/// Bytes from the end in which it stands: behind it are section headers, or a signature.
const COOKIE_DISTANCE: usize = 1 << 16;
/// Begins the modules that PyOxidizer embeds, `pyembed`; behind it stands the version of their form, 1 to 3. Spelled
/// backwards, or pyfreeze itself would look like one, depending on what the linker puts behind this.
const PYOXIDIZER_RESOURCES_REVERSED: &[u8] = b"debmeyp";

impl fmt::Display for FileKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "an empty file",
            Self::Elf => "an ELF file without a payload",
            Self::BrokenElf => "an ELF file with damaged program headers",
            Self::PyInstaller => "a program made by PyInstaller",
            Self::NuitkaOnefile => "a program made by Nuitka (onefile)",
            Self::PyOxidizer => "a program made by PyOxidizer",
            Self::AppImage => "an AppImage",
            Self::Script => "a script",
            Self::WindowsProgram => "a Windows program",
            Self::MacProgram => "a macOS program",
            Self::Zipapp => "a zipapp (a zip archive with a `__main__.py`)",
            Self::Pex => "a pex file",
            Self::Shiv => "a zipapp made by shiv",
            Self::Wheel => "a wheel",
            Self::Zip => "a zip archive",
            Self::CompiledModule => "a compiled Python module",
            Self::Payload => "the library of a runtime pack, which is not an executable",
            Self::Interpreter => "a runtime's own interpreter, without a program in it",
            Self::Unknown => "not an executable",
        })
    }
}

impl FileKind {
    /// What a file is by its bytes: [`Self::Elf`] stands for any ELF file that may have a payload.
    pub(super) fn of(file: &[u8]) -> Self {
        const STARTS: [(&[u8], FileKind); 7] = [
            (b"\x7fELF", FileKind::Elf),
            (b"MZ", FileKind::WindowsProgram),
            (b"\xcf\xfa\xed\xfe", FileKind::MacProgram),
            (b"\xca\xfe\xba\xbe", FileKind::MacProgram),
            (b"PK\x03\x04", FileKind::Zip),
            (b"PK\x05\x06", FileKind::Zip),
            (&pyfreeze_format::layout::MAGIC, FileKind::Payload),
        ];
        let found = STARTS.iter().find(|(start, _)| file.starts_with(start)).map(|(_, kind)| *kind);
        match found {
            Some(Self::Zip) => Self::of_zip(file).unwrap_or(Self::Zip),
            Some(kind) => kind,
            None if file.is_empty() => Self::Empty,
            // A zip archive may have a `#!` line before it.
            None if file.starts_with(b"#!") => Self::of_zip(file).unwrap_or(Self::Script),
            // PEP 3147: a number of two bytes, then these.
            None if file.get(2..4) == Some(b"\r\n") && file.len() > 16 => Self::CompiledModule,
            None => Self::Unknown,
        }
    }

    fn of_zip(file: &[u8]) -> Option<Self> {
        let names = zip_names(file)?;
        let has = |wanted: &[u8]| names.contains(&wanted);
        let is_wheel = names
            .iter()
            .any(|name| name.ends_with(b".dist-info/WHEEL") && name.iter().filter(|byte| **byte == b'/').count() == 1);
        Some(match () {
            () if has(b"PEX-INFO") => Self::Pex,
            () if has(b"environment.json") && has(b"__main__.py") => Self::Shiv,
            () if has(b"__main__.py") || has(b"__main__.pyc") => Self::Zipapp,
            () if is_wheel => Self::Wheel,
            () => Self::Zip,
        })
    }

    /// What an ELF file is that has no payload.
    pub(super) fn of_foreign_elf(file: &[u8]) -> Self {
        let holds = |place: &[u8], text: &[u8]| place.windows(text.len()).any(|window| window == text);
        let tail = file.get(file.len().saturating_sub(COOKIE_DISTANCE)..).unwrap_or(file);
        match () {
            () if file.get(8..11) == Some(b"AI\x02") => Self::AppImage,
            () if holds(tail, PYINSTALLER_COOKIE) => Self::PyInstaller,
            () if is_nuitka(file) => Self::NuitkaOnefile,
            () if has_resources(file) => Self::PyOxidizer,
            () => Self::Elf,
        }
    }
}

fn has_resources(file: &[u8]) -> bool {
    let size = PYOXIDIZER_RESOURCES_REVERSED.len();
    let is_start =
        |window: &[u8]| matches!(window[size], 1..=3) && window[..size].iter().rev().eq(PYOXIDIZER_RESOURCES_REVERSED);
    file.windows(size + 1).any(is_start)
}

/// Nuitka's programs end with the offset (8 bytes) of what they unpack, which begins with `KA` and how it is packed.
fn is_nuitka(file: &[u8]) -> bool {
    let offset = file.last_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes));
    let start = offset.and_then(|offset| usize::try_from(offset).ok());
    let packed = start.and_then(|start| file.get(start..)).unwrap_or(&[]);
    packed.starts_with(b"KAX") || packed.starts_with(b"KAY")
}

#[cfg(test)]
mod tests {
    use super::{FileKind, PYOXIDIZER_RESOURCES_REVERSED};

    /// A zip archive of empty files, without anything but its central directory.
    fn zip(before: &[u8], names: &[&str]) -> Vec<u8> {
        let entry = |name: &&str| {
            let mut bytes = b"PK\x01\x02".to_vec();
            bytes.resize(46, 0);
            bytes[28] = u8::try_from(name.len()).unwrap();
            bytes.extend(name.as_bytes());
            bytes
        };
        let directory: Vec<u8> = names.iter().flat_map(entry).collect();
        let mut end = b"PK\x05\x06".to_vec();
        end.resize(22, 0);
        end[12..16].copy_from_slice(&u32::try_from(directory.len()).unwrap().to_le_bytes());
        [before, &directory, &end].concat()
    }

    #[test]
    fn archives_are_told_apart() {
        let start = b"PK\x03\x04";
        let shebang = b"#!/usr/bin/env python3\n";
        assert_eq!(FileKind::of(&zip(shebang, &["__main__.py", "a.py"])), FileKind::Zipapp);
        assert_eq!(FileKind::of(&zip(start, &["__main__.pyc"])), FileKind::Zipapp);
        assert_eq!(FileKind::of(&zip(shebang, &["PEX-INFO", "__main__.py"])), FileKind::Pex);
        assert_eq!(FileKind::of(&zip(shebang, &["__main__.py", "environment.json"])), FileKind::Shiv);
        assert_eq!(FileKind::of(&zip(start, &["a.py", "a-1.dist-info/WHEEL"])), FileKind::Wheel);
        assert_eq!(FileKind::of(&zip(start, &["x/a-1.dist-info/WHEEL"])), FileKind::Zip);
        assert_eq!(FileKind::of(b"#!/bin/sh\necho PK\x05\x06"), FileKind::Script);
        assert_eq!(FileKind::of(&[b"\xf3\x0d\r\n".as_slice(), &[0; 20]].concat()), FileKind::CompiledModule);
    }

    #[test]
    fn damaged_archives_end() {
        let whole = zip(b"PK\x03\x04", &["__main__.py", "some/other/name"]);
        for position in 0..whole.len() {
            for value in [0, 0xff] {
                let mut damaged = whole.clone();
                damaged[position] = value;
                let _ = FileKind::of(&damaged);
            }
            let _ = FileKind::of(&whole[position..]);
            let _ = FileKind::of(&whole[..position]);
        }
    }

    #[test]
    fn programs_of_others_are_named() {
        let elf = |rest: &[u8]| [b"\x7fELF\x02\x01\x01\0\0\0\0".as_slice(), rest].concat();
        assert_eq!(FileKind::of_foreign_elf(&elf(b"MEI\x0c\x0b\x0a\x0b\x0e....")), FileKind::PyInstaller);
        let onefile = [elf(b""), b"KAY data".to_vec(), 11_u64.to_le_bytes().to_vec()].concat();
        assert_eq!(FileKind::of_foreign_elf(&onefile), FileKind::NuitkaOnefile);
        let start = PYOXIDIZER_RESOURCES_REVERSED.iter().rev().copied().collect();
        let resources = [elf(b".."), start, vec![3]].concat();
        assert_eq!(FileKind::of_foreign_elf(&resources), FileKind::PyOxidizer);
        assert_eq!(FileKind::of_foreign_elf(&elf(b"nothing to see")), FileKind::Elf);
        assert_eq!(FileKind::of_foreign_elf(b"\x7fELF\x02\x01\x01\0AI\x02"), FileKind::AppImage);
    }
}
