//! Source tarballs from Debian's archive, by way of a private apt state, so that a machine of any suite can fetch them.
//!
//! apt checks the archive's signature; the recipe checks the pinned digest on top. The mirror's address is the
//! machine's own: it is read from /etc/apt and never written down here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cache::{self, Cache};
use super::ui::{Log, Ui};
use super::{Error, Result};

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Which part of a source package is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// The upstream tarball.
    Upstream,
    /// Debian's own patches and packaging.
    Packaging,
}

/// A file of a source package.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) package: String,
    pub(super) part: Part,
}

/// Downloads the wanted parts and returns the folder they are in. A package that could not be had is not an
/// error here: the caller looks for the file it needs and knows what to say.
pub(super) fn download(cache: &Cache, suites: &[String], wanted: &[Wanted], ui: &Ui) -> Result<PathBuf> {
    let state = cache.work().join("apt");
    let title = "download sources";
    ui.step(title, &cache.logs(), |log| {
        let apt = Apt::prepare(&state, suites)?;
        log.run(apt.command().arg("update"))?;
        for file in wanted {
            apt.source(file, log);
        }
        Ok(())
    })?;
    Ok(state.join("sources"))
}

/// Where [`download`] wrote the downloader's output.
pub(super) fn log(cache: &Cache) -> PathBuf {
    cache.logs().join("download-sources.log")
}

struct Apt {
    state: PathBuf,
}

impl Apt {
    fn prepare(state: &Path, suites: &[String]) -> Result<Apt> {
        cache::remove_folder(state)?;
        for folder in ["lists/partial", "cache/archives/partial", "sources"] {
            let path = state.join(folder);
            fs::create_dir_all(&path).map_err(Error::io("create", &path))?;
        }
        cache::write(&state.join("sources.list"), source_lines(&mirrors(Path::new("/etc/apt"))?, suites)?)?;
        Ok(Apt { state: state.to_path_buf() })
    }

    fn command(&self) -> Command {
        let mut command = Command::new("apt-get");
        let folder = |name: &str| self.state.join(name).display().to_string();
        for option in [
            format!("Dir::Etc::sourcelist={}", folder("sources.list")),
            "Dir::Etc::sourceparts=/dev/null".to_owned(),
            format!("Dir::State::Lists={}", folder("lists")),
            format!("Dir::Cache={}", folder("cache")),
            // The cache may lie where apt's own user can't read.
            "APT::Sandbox::User=root".to_owned(),
        ] {
            command.arg("-o").arg(option);
        }
        command.current_dir(self.state.join("sources"));
        command
    }

    /// apt fetches all parts of a package even when one of them is gone from the mirror, but answers with a
    /// failure then. Whether the wanted file came is for the caller to see.
    fn source(&self, wanted: &Wanted, log: &Log) {
        let part = match wanted.part {
            Part::Upstream => "--tar-only",
            Part::Packaging => "--diff-only",
        };
        let _ = log.run(self.command().args(["source", "--download-only", part]).arg(&wanted.package));
    }
}

/// One `deb-src` line per suite, from the mirror that serves it.
fn source_lines(mirrors: &BTreeSet<String>, suites: &[String]) -> Result<String> {
    let options = if Path::new(KEYRING).exists() { format!("[signed-by={KEYRING}] ") } else { String::new() };
    let mut text = String::new();
    for suite in suites {
        let ending = if suite.ends_with("-security") { "/debian-security" } else { "/debian" };
        let mirror = mirrors.iter().find(|mirror| mirror.ends_with(ending)).ok_or(Error::NoMirror)?;
        text.push_str(&format!("deb-src {options}{mirror} {suite} main\n"));
    }
    Ok(text)
}

/// The addresses in apt's `.list` and `.sources` files.
fn mirrors(apt: &Path) -> Result<BTreeSet<String>> {
    let mut files = vec![apt.join("sources.list")];
    if let Ok(folder) = fs::read_dir(apt.join("sources.list.d")) {
        files.extend(folder.flatten().map(|entry| entry.path()));
    }
    let text: String = files.iter().filter_map(|path| fs::read_to_string(path).ok()).collect::<Vec<_>>().join("\n");
    let found = addresses(&text);
    if found.is_empty() { Err(Error::NoMirror) } else { Ok(found) }
}

fn addresses(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let words = lines.flat_map(str::split_whitespace).filter(|word| word.contains("://"));
    words.map(|word| word.trim_end_matches('/').to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_formats_of_apt() {
        let text =
            "# deb http://old/debian x\ndeb [a=b] http://one/debian/ bookworm main\nURIs: http://two/debian-security\n";
        let found = addresses(text);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["http://one/debian", "http://two/debian-security"]);
    }

    #[test]
    fn each_suite_comes_from_its_own_mirror() {
        let mirrors = addresses("http://m/debian http://m/debian-security http://m/node");
        let suites = ["trixie".to_owned(), "trixie-security".to_owned()];
        let lines = source_lines(&mirrors, &suites).unwrap();
        assert!(lines.contains("http://m/debian trixie main"));
        assert!(lines.contains("http://m/debian-security trixie-security main"));
    }
}
