//! Running the installer.
//!
//! Comes in: a step and an empty folder. Goes out: packages in it, or what the installer's output means. The installer
//! keeps the user's own settings, for it must find the index that the user has; settings that would send
//! packages elsewhere are taken from it.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::wanted::{Pinning, Step};
use super::{Diagnosis, InstallError, InstallRequest, Installer};

/// Settings that have no place here: each would change where packages go, or whether they are installed at all.
const REMOVED_VARIABLES: [&str; 6] =
    ["PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_DRY_RUN", "PIP_REPORT", "PIP_PYTHON"];

/// Said by variables, which win over files.
const SET_VARIABLES: [(&str, &str); 3] = [("PIP_USER", "0"), ("PIP_REQUIRE_VIRTUALENV", "0"), ("LC_ALL", "C.UTF-8")];

/// Where one environment is made.
pub(super) struct Workplace<'a> {
    python: &'a Path,
    folder: &'a Path,
    log: PathBuf,
    lock: &'a File,
}

impl<'a> Workplace<'a> {
    /// In `folder`, whose packages will lie in `site_packages` below it.
    pub(super) fn new(
        python: &'a Path,
        folder: &'a Path,
        site_packages: &str,
        log: PathBuf,
        lock: &'a File,
    ) -> Result<Self, InstallError> {
        // Also when nothing is installed into it.
        let packages = folder.join(site_packages);
        for path in [packages.as_path(), log.parent().unwrap_or(folder)] {
            fs::create_dir_all(path).map_err(InstallError::io("create", path))?;
        }
        File::create(&log).map_err(InstallError::io("create", &log))?;
        Ok(Self { python, folder, log, lock })
    }

    /// Runs the installer for one step.
    pub(super) fn run(
        &self,
        number: usize,
        step: &Step,
        request: &InstallRequest,
        progress: &dyn Fn(&str),
    ) -> Result<(), InstallError> {
        let mut files = step.files.clone();
        let own = self.folder.join(format!("requirements-{number}.txt"));
        if !step.lines.is_empty() {
            let text = step.lines.join("\n") + "\n";
            fs::write(&own, text).map_err(InstallError::io("write", &own))?;
            files.push(own.clone());
        }
        let mut command = match request.installer {
            Installer::Pip => self.pip(),
            Installer::Uv => self.uv(),
        };
        command.args(match step.pinning {
            Pinning::Resolved => &[][..],
            Pinning::Exact => &["--no-deps"],
            Pinning::Hashed => &["--no-deps", "--require-hashes"],
        });
        add_index(&mut command, request);
        files.iter().for_each(|path| {
            command.arg("-r").arg(path);
        });
        if !self.watch(command, request.installer, progress)? {
            return Err(self.failure(&own, step)?);
        }
        match fs::remove_file(self.details()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(InstallError::io("remove", &self.details())(error))
            }
            _ => Ok(()),
        }
    }

    /// What the installer's output means; all of it is kept.
    fn failure(&self, own: &Path, step: &Step) -> Result<InstallError, InstallError> {
        let failure = || InstallError::io("read", &self.log);
        let text = fs::read(&self.log).map_err(failure())?;
        // OK because without them less is known: uv writes none.
        let details = fs::read(self.details()).unwrap_or_default();
        let log = File::options().append(true).open(&self.log);
        log.and_then(|mut log| log.write_all(&details)).map_err(failure())?;
        let (text, details) = (String::from_utf8_lossy(&text), String::from_utf8_lossy(&details));
        let diagnosis = Diagnosis::of(&text, &details, own, &step.lines);
        Ok(InstallError::Failed { diagnosis, log: self.log.clone() })
    }

    /// What pip tells its log only: why it passed over a file, what builds say.
    fn details(&self) -> PathBuf {
        self.folder.join("details.log")
    }

    fn pip(&self) -> Command {
        let mut command = Command::new(self.python);
        command.args(["-I", "-m", "pip", "install", "--ignore-installed", "--no-compile", "--no-warn-script-location"]);
        command.args(["--root-user-action=ignore", "--disable-pip-version-check", "--no-input", "--no-color"]);
        command.arg("--progress-bar=off").arg("--prefix").arg(self.folder).arg("--log").arg(self.details());
        command
    }

    fn uv(&self) -> Command {
        let mut command = Command::new("uv");
        command.args(["pip", "install", "--no-progress", "--color=never", "--no-compile-bytecode", "--link-mode=copy"]);
        command.arg("--python").arg(self.python).arg("--prefix").arg(self.folder);
        command
    }

    /// True when the installer has done its work. Its standard input is the lock, an empty file: as long as it or a
    /// child of it runs, even without us, no other process takes the folder for abandoned.
    fn watch(&self, mut command: Command, installer: Installer, progress: &dyn Fn(&str)) -> Result<bool, InstallError> {
        let failure = || InstallError::io("write", &self.log);
        let mut log = File::options().append(true).open(&self.log).map_err(failure())?;
        writeln!(log, "$ {command:?}").map_err(failure())?;
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"PYTHON")) {
            command.env_remove(name);
        }
        REMOVED_VARIABLES.iter().for_each(|name| {
            command.env_remove(name);
        });
        command.envs(SET_VARIABLES);
        // One pipe for both streams, so that what was said first stands first.
        let (reader, writer) = io::pipe().map_err(failure())?;
        command.stdin(self.lock.try_clone().map_err(failure())?);
        command.stdout(writer.try_clone().map_err(failure())?).stderr(writer);
        let mut child = command.spawn().map_err(|source| match (source.kind(), installer) {
            (io::ErrorKind::NotFound, Installer::Uv) => InstallError::NoUv,
            _ => InstallError::io("run", &PathBuf::from(command.get_program()))(source),
        })?;
        // With it goes our end of the pipe, or reading would never end.
        drop(command);
        for line in BufReader::new(reader).split(b'\n') {
            let line = String::from_utf8_lossy(&line.map_err(failure())?).into_owned();
            if let Some(requirement) = line.strip_prefix("Collecting ") {
                progress(requirement.split(" (from ").next().unwrap_or(requirement));
            }
            writeln!(log, "{line}").map_err(failure())?;
        }
        Ok(child.wait().map_err(failure())?.success())
    }
}

fn add_index(command: &mut Command, request: &InstallRequest) {
    let index = &request.index;
    if index.is_offline {
        command.arg("--no-index");
    }
    let urls = index.index_url.iter().map(|url| ("--index-url", url));
    let more = index.extra_index_urls.iter().map(|url| ("--extra-index-url", url));
    let links = index.find_links.iter().map(|place| ("--find-links", place));
    for (option, value) in urls.chain(more).chain(links) {
        command.arg(option).arg(value);
    }
}
