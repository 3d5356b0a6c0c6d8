//! Start settings: what the stub must know before Python runs, as tagged values.
//!
//! Each value is a key (u32), a size in bytes (u32) and that many bytes. Unknown keys are skipped, so that a
//! later build tool can say more to the same stub. Keys may repeat where the documentation says so.

use crate::{Cursor, FormatError, SnapshotUse};

/// The keys of the tagged values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum SettingKey {
    /// u32: an [`EntryPointKind`] number.
    EntryPointKind = 1,
    /// UTF-8: the entry point's path below the virtual root (a file for `Script`, a directory for `Folder`).
    EntryPointPath = 2,
    /// u32: 0, 1 (`-O`) or 2 (`-OO`), as `sys.flags.optimize`.
    Optimization = 3,
    /// UTF-8: the standard library's directory below the virtual root.
    LibraryPath = 4,
    /// UTF-8, repeated: an entry of `sys.path`, below the virtual root; the empty path is the root itself.
    SearchPath = 5,
    /// UTF-8, repeated: an interpreter option such as `-Xdev`, `-u` or `-Wignore`, as on python's command line.
    PythonOption = 6,
    /// UTF-8: the Python version, `3.13.5`.
    PythonVersion = 7,
    /// u32: a [`SnapshotUse`] number. Written always, so that giving the payload a snapshot moves nothing.
    Snapshot = 8,
}

impl SettingKey {
    /// Whether values of this key are numbers.
    const fn is_number(key: u32) -> bool {
        key == Self::EntryPointKind as u32 || key == Self::Optimization as u32 || key == Self::Snapshot as u32
    }
}

/// How the program is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum EntryPointKind {
    /// No program of its own: an ordinary interpreter whose library is in the payload.
    Interpreter = 0,
    /// As `python script.py`.
    Script = 1,
    /// As `python folder/`: the folder's `__main__` module.
    Folder = 2,
}

impl EntryPointKind {
    /// The kind with this number.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::Interpreter,
            1 => Self::Script,
            2 => Self::Folder,
            _ => return None,
        })
    }
}

/// The settings section, checked: every value lies inside it and has its key's type.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    bytes: &'a [u8],
}

impl<'a> Settings<'a> {
    /// Checks the bytes of a settings section.
    ///
    /// # Errors
    /// [`FormatError`] when a value is cut off or has not its key's type.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let mut cursor = Cursor::new(bytes);
        while !cursor.rest().is_empty() {
            let (key, value) = next(&mut cursor)?;
            let is_good =
                if SettingKey::is_number(key) { value.len() == 4 } else { core::str::from_utf8(value).is_ok() };
            if !is_good {
                return Err(FormatError::Setting { key });
            }
        }
        let settings = Self { bytes };
        settings.entry_point_kind()?;
        settings.snapshot_use()?;
        Ok(settings)
    }

    /// How the program is run.
    ///
    /// # Errors
    /// [`FormatError::Setting`] when the number is unknown.
    pub fn entry_point_kind(&self) -> Result<EntryPointKind, FormatError> {
        let key = SettingKey::EntryPointKind;
        EntryPointKind::from_number(self.number(key)).ok_or(FormatError::Setting { key: key as u32 })
    }

    /// What the payload has to do with a snapshot.
    ///
    /// # Errors
    /// [`FormatError::Setting`] when the number is unknown.
    pub fn snapshot_use(&self) -> Result<SnapshotUse, FormatError> {
        let key = SettingKey::Snapshot;
        SnapshotUse::from_number(self.number(key)).ok_or(FormatError::Setting { key: key as u32 })
    }

    /// Where the first value of a key begins, from the section's first byte.
    #[cfg(feature = "write")]
    pub(crate) fn value_offset(&self, key: SettingKey) -> Option<usize> {
        let mut cursor = Cursor::new(self.bytes);
        while let Ok((found, value)) = next(&mut cursor) {
            if found == key as u32 {
                return self.bytes.len().checked_sub(cursor.rest().len())?.checked_sub(value.len());
            }
        }
        None
    }

    /// The first value of a UTF-8 key, or the empty string.
    #[must_use]
    pub fn text(&self, key: SettingKey) -> &'a str {
        self.texts(key).next().unwrap_or("")
    }

    /// All values of a UTF-8 key, in order.
    pub fn texts(&self, key: SettingKey) -> impl Iterator<Item = &'a str> + use<'a> {
        // OK because `parse` has checked every value.
        self.values(key).map(|value| core::str::from_utf8(value).unwrap_or(""))
    }

    /// The first value of a u32 key, or 0.
    #[must_use]
    pub fn number(&self, key: SettingKey) -> u32 {
        let first = self.values(key).next().and_then(|value| value.try_into().ok());
        first.map_or(0, u32::from_le_bytes)
    }

    fn values(&self, key: SettingKey) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut cursor = Cursor::new(self.bytes);
        core::iter::from_fn(move || next(&mut cursor).ok())
            .filter(move |(found, _)| *found == key as u32)
            .map(|(_, value)| value)
    }
}

fn next<'a>(cursor: &mut Cursor<'a>) -> Result<(u32, &'a [u8]), FormatError> {
    let key = cursor.u32()?;
    let size = usize::try_from(cursor.u32()?).map_err(|_| FormatError::Truncated)?;
    Ok((key, cursor.bytes(size)?))
}
