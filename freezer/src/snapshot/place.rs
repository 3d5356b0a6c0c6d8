//! Where the program is recorded: a temporary folder with the executable and a room for each run.
//!
//! Comes in: the stub and the payload. Goes out: rooms, all of whose paths have one length, in this build and in others, so
//! that no run differs from another by how long its texts are. Everything is gone with the [`Place`].

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use pyfreeze_format::{SnapshotUse, with_snapshot};
use tempfile::TempDir;

use super::request::{RECORDER_SOURCE, Request};
use super::{SnapshotFailure, prepare_error};
use crate::executable::{self, Durability};
use crate::image;

/// The user without rights, by a number that every system has for it.
pub(super) const NOBODY: u32 = 65_534;

/// Others may go through, but not look.
const PASSAGE_MODE: u32 = 0o711;

/// Bytes of the path of a room, however long that of the temporary folder is: Python's allocator puts texts of one size
/// together, so that the length of one that is long gone would be seen in the recorded memory.
const ROOM_PATH_SIZE: usize = 240;

/// More does not fit a file's name.
const MAX_PADDING: usize = 240;

/// A temporary folder.
pub(super) struct Place {
    folder: TempDir,
    program: PathBuf,
    room_count: usize,
}

/// What one run has for itself: `program`, `recording`, `empty` and `home`.
pub(super) struct Room {
    folder: PathBuf,
}

impl Place {
    /// Writes the executable that is recorded.
    pub(super) fn prepare(stub: &[u8], payload: &[u8]) -> Result<Self, SnapshotFailure> {
        let temporary = std::env::temp_dir();
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix("pyfreeze-snapshot-").permissions(Permissions::from_mode(PASSAGE_MODE));
        let folder = builder.tempdir().map_err(prepare_error(&temporary))?;
        let place = Self { program: folder.path().join("program"), folder, room_count: 0 };
        let payload = with_snapshot(payload, SnapshotUse::Recording, &[])?;
        let image = image::graft(stub, &payload, &[])?;
        executable::write(&image, &place.program, Durability::Cached, &|_| ())?;
        Ok(place)
    }

    /// With a shell script in place of the executable.
    #[cfg(test)]
    pub(super) fn of_script(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        fs::write(&program, format!("#!/bin/sh\n{script}")).unwrap();
        for path in [folder.path(), &program] {
            fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        }
        Self { folder, program, room_count: 0 }
    }

    /// A room for a run with this request.
    pub(super) fn room(&mut self, request: &Request<'_>) -> Result<Room, SnapshotFailure> {
        let folder = self.room_path(self.room_count);
        self.room_count += 1;
        let room = Room { folder };
        for folder in [&room.folder, &room.recording(), &room.working_folder(), &room.home()] {
            fs::create_dir(folder).map_err(prepare_error(folder))?;
        }
        fs::hard_link(&self.program, room.program()).map_err(prepare_error(&room.program()))?;
        // OK because a request is lists of texts, which JSON can always say.
        let request = serde_json::to_vec(request).unwrap_or_default();
        for (name, content) in [("recorder.py", RECORDER_SOURCE.as_bytes()), ("request.json", &request)] {
            let path = room.recording().join(name);
            fs::write(&path, content).map_err(prepare_error(&path))?;
        }
        Ok(room)
    }

    fn room_path(&self, index: usize) -> PathBuf {
        let mut path = self.folder.path().join(format!("room-{index:03}-")).into_os_string();
        let missing = ROOM_PATH_SIZE.saturating_sub(path.len());
        path.push("-".repeat(missing.min(MAX_PADDING)));
        path.into()
    }

    /// A text without the paths of this folder, which are others in every build.
    pub(super) fn without_paths(&self, text: &str) -> String {
        let rooms = (0..self.room_count).map(|index| Room { folder: self.room_path(index) });
        let rooms = rooms.flat_map(|room| [(room.home(), "~"), (room.folder, "…/room")]);
        let paths = rooms.chain([(self.folder.path().to_owned(), "…")]);
        paths.fold(text.to_owned(), |text, (path, short)| text.replace(&path.display().to_string(), short))
    }
}

impl Room {
    /// The executable.
    pub(super) fn program(&self) -> PathBuf {
        self.folder.join("program")
    }

    /// Where recorder and stub read and write.
    pub(super) fn recording(&self) -> PathBuf {
        self.folder.join("recording")
    }

    /// Where the process runs.
    pub(super) fn working_folder(&self) -> PathBuf {
        self.folder.join("empty")
    }

    /// The user's folder, which can be written: some programs end without one.
    pub(super) fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// Whether a path leads into the folder of all rooms, however it is spelt.
    pub(super) fn is_near(&self, path: &str) -> bool {
        let all = self.folder.parent().unwrap_or(&self.folder);
        let real = all.canonicalize().unwrap_or_else(|_| all.to_owned());
        Path::new(path).starts_with(all) || Path::new(path).starts_with(real)
    }

    /// What the process says.
    pub(super) fn log(&self) -> PathBuf {
        self.recording().join("log")
    }

    /// Whether stub or recorder have written this file.
    pub(super) fn has(&self, name: &str) -> bool {
        self.recording().join(name).exists()
    }

    /// One of the files that stub or recorder have written.
    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, SnapshotFailure> {
        let path = self.recording().join(name);
        fs::read(&path)
            .map_err(|source| SnapshotFailure::Recording { file: name.to_owned(), reason: source.to_string() })
    }

    /// Makes it a room of nobody's, if this process may do that: root's answers differ from everybody's.
    pub(super) fn give_to_nobody(&self) -> io::Result<bool> {
        if self.folder.metadata()?.uid() != 0 {
            return Ok(false);
        }
        let give = |path: &Path| chown(path, Some(NOBODY), Some(NOBODY));
        let folders = [self.recording(), self.working_folder(), self.home()];
        Ok(folders.iter().try_for_each(|folder| give(folder)).is_ok())
    }
}
