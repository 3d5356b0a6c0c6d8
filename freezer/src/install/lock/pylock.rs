//! `pylock.toml` (PEP 751), version 1.
//!
//! Comes in: the parsed file. Goes out: the packages whose markers hold. There is no graph in it: what is wanted of a
//! project's extras and groups stands in the markers.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::{Choice, LockError, Locked, file_url, hashed_line, tables, text, texts};
use crate::project::marker;
use crate::project::normalize;

pub(super) fn read(table: &Table, choice: &Choice<'_>) -> Result<Locked, LockError> {
    let version = text(table, "lock-version").ok_or(LockError::Lacks("lock-version"))?;
    if version != "1.0" && !version.starts_with("1.") {
        return Err(LockError::Version(version.to_owned()));
    }
    let mut choice = choice.clone();
    choice.groups.extend(texts(table, "default-groups").map(normalize));
    check_environments(table, &choice)?;
    let mut locked = Locked::default();
    let mut names = BTreeSet::new();
    for package in tables(table, "packages").filter(|package| choice.holds(package, &[])) {
        let name = text(package, "name").ok_or(LockError::Lacks("name"))?;
        let python = text(package, "requires-python");
        if python.is_some_and(|wanted| marker::satisfies(choice.python_version, wanted) == Some(false)) {
            let wanted = python.unwrap_or_default().to_owned();
            return Err(LockError::Python { wanted, found: choice.python_version.to_owned() });
        }
        if !names.insert(name) {
            return Err(LockError::Ambiguous(name.to_owned()));
        }
        add(package, name, &choice, &mut locked)?;
    }
    choice.check_names(names.into_iter())?;
    Ok(locked)
}

fn check_environments(table: &Table, choice: &Choice<'_>) -> Result<(), LockError> {
    let mut environments = texts(table, "environments").map(|marker| {
        let mut table = Table::new();
        table.insert("marker".into(), Value::String(marker.to_owned()));
        choice.holds(&table, &[])
    });
    match (environments.next(), environments.any(|holds| holds)) {
        (Some(false), false) => Err(LockError::Platform),
        _ => Ok(()),
    }
}

fn add(package: &Table, name: &str, choice: &Choice<'_>, locked: &mut Locked) -> Result<(), LockError> {
    let part = |key: &str| package.get(key).and_then(Value::as_table);
    if let Some(archive) = part("archive") {
        let place = place(archive, choice).ok_or(LockError::Lacks("url of an archive"))?;
        locked.hashed.push(hashed_line(&format!("{name} @ {place}"), name, hashes(archive))?);
    } else if let Some(repository) = part("vcs") {
        locked.local.push(format!("{name} @ {}", vcs(repository, choice)?));
    } else if let Some(directory) = part("directory") {
        let path = text(directory, "path").ok_or(LockError::Lacks("path of a directory"))?;
        // An export may hold the project itself, which the build has anyway.
        if choice.folder.join(path).canonicalize().ok() != choice.folder.canonicalize().ok() {
            locked.local.push(format!("{name} @ {}{}", file_url(choice.folder, path), subdirectory(directory)));
        }
    } else {
        let version = text(package, "version").ok_or(LockError::Lacks("version of a package"))?;
        let files = tables(package, "wheels").chain(part("sdist"));
        locked.hashed.push(hashed_line(&format!("{name}=={version}"), name, files.flat_map(hashes).collect())?);
    }
    Ok(())
}

fn vcs(repository: &Table, choice: &Choice<'_>) -> Result<String, LockError> {
    let kind = text(repository, "type").ok_or(LockError::Lacks("type of a repository"))?;
    let commit = text(repository, "commit-id").ok_or(LockError::Lacks("commit-id"))?;
    let place = place(repository, choice).ok_or(LockError::Lacks("url of a repository"))?;
    Ok(format!("{kind}+{place}@{commit}{}", subdirectory(repository)))
}

fn place(table: &Table, choice: &Choice<'_>) -> Option<String> {
    text(table, "url").map(str::to_owned).or_else(|| Some(file_url(choice.folder, text(table, "path")?)))
}

fn subdirectory(table: &Table) -> String {
    text(table, "subdirectory").map_or_else(String::new, |folder| format!("#subdirectory={folder}"))
}

/// The digests of a file as pip wants them: `sha256:…`.
fn hashes(file: &Table) -> Vec<String> {
    let hashes = file.get("hashes").and_then(Value::as_table).into_iter().flatten();
    hashes.filter_map(|(algorithm, digest)| Some(format!("{algorithm}:{}", digest.as_str()?))).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Choice, LockError, Locked, read};

    const LOCK: &str = r#"
lock-version = "1.0"
environments = ["sys_platform == 'win32'", "sys_platform == 'linux'"]
default-groups = ["default"]
created-by = "test"
[[packages]]
name = "a"
version = "1.0"
marker = "'default' in dependency_groups"
sdist = { name = "a.tar.gz", url = "u", hashes = { sha256 = "aa", md5 = "x" } }
wheels = [{ name = "a.whl", url = "u", hashes = { sha512 = "bb" } }]
[[packages]]
name = "b"
version = "1"
marker = "'x' in extras and python_full_version >= '3.13'"
wheels = [{ hashes = { sha256 = "cc" } }]
[[packages]]
name = "c"
marker = "sys_platform != 'win32'"
archive = { path = "wheels/c.whl", hashes = { sha256 = "dd" } }
[[packages]]
name = "d"
marker = "'dev' in dependency_groups"
vcs = { type = "git", url = "https://host.example/d", commit-id = "0123", subdirectory = "s" }
[[packages]]
name = "e"
marker = "sys_platform == 'win32'"
"#;

    fn locked(text: &str, extras: &[&str], groups: &[&str], required: &[&str]) -> Result<Locked, LockError> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let choice = Choice {
            folder: Path::new("/p"),
            python_version: "3.13.5",
            extras: owned(extras),
            groups: owned(groups),
            required: owned(required),
        };
        read(&text.parse().unwrap(), &choice)
    }

    #[test]
    fn packages_whose_markers_hold() {
        let found = locked(LOCK, &[], &[], &["a", "C"]).unwrap();
        let expected = ["a==1.0 --hash=sha256:aa --hash=sha512:bb", "c @ file:///p/wheels/c.whl --hash=sha256:dd"];
        assert_eq!(found, Locked { hashed: expected.map(String::from).to_vec(), local: Vec::new() });
        let found = locked(LOCK, &["x"], &["dev"], &[]).unwrap();
        assert_eq!(found.hashed[1], "b==1 --hash=sha256:cc");
        assert_eq!(found.local, ["d @ git+https://host.example/d@0123#subdirectory=s"]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let said = |text: &str, required: &[&str]| locked(text, &[], &[], required).unwrap_err().to_string();
        assert_eq!(said(LOCK, &["b>=1"]), "it does not fit the project any more, which requires: `b>=1`");
        assert_eq!(said(&LOCK.replace("\"1.0\"\nenv", "\"2.0\"\nenv"), &[]), "its version is unknown: `2.0`");
        assert_eq!(said(&LOCK.replace("'linux'", "'darwin'"), &[]), "it is not for Linux on x86-64");
        assert_eq!(
            said(&LOCK.replace("name = \"c\"", "name = \"a\""), &[]),
            "it has several versions of one package for this runtime: `a`"
        );
    }
}
