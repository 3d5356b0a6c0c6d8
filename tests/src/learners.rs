//! `docs/how-import-works.md`: every command of the page is run, and prints what the page says.
//!
//! Comes in: the page, and a copy of `examples/import_cache` in which its commands run one after the other. Goes out: the first
//! block that differs. What differs from machine to machine is left out of the comparison: times, sizes, patch versions.
//! `PYFREEZE_UPDATE_PAGES=1` writes what the commands print into the page instead.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::command::Run;
use crate::product::Product;
use crate::project::{Workspace, copy_tree};
use crate::runner::{Test, TestResult};

const PAGE: &str = "docs/how-import-works.md";
const BLOCK: &str = "```console\n";
const END: &str = "```\n";

/// The test of the page.
#[must_use]
pub fn tests() -> Vec<Test> {
    vec![Test::new("learners/how_import_works", how_import_works)]
}

fn how_import_works(product: &Product) -> TestResult {
    let workspace = Workspace::new()?;
    copy_tree(&product.checkout.join("examples/import_cache"), &workspace.join("import_cache"))?;
    programs(product, &workspace)?;
    let page = product.checkout.join(PAGE);
    let text = fs::read_to_string(&page)?;
    let done = replay(product, &workspace, &text)?;
    if std::env::var_os("PYFREEZE_UPDATE_PAGES").is_some() {
        return Ok(fs::write(page, done)?);
    }
    match difference(&text, &done) {
        Some(difference) => Err(format!("{PAGE} is not what its commands print\n{difference}").into()),
        None => Ok(()),
    }
}

/// `python3.13` and `pyfreeze` for the page's commands.
fn programs(product: &Product, workspace: &Workspace) -> Result<(), String> {
    for (name, program) in [("python3.13", &product.python), ("pyfreeze", &product.pyfreeze)] {
        let path =
            workspace.write(&format!("bin/{name}"), format!("#!/bin/sh\nexec {} \"$@\"\n", program.display()))?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// The page with what its commands print now.
fn replay(product: &Product, workspace: &Workspace, page: &str) -> Result<String, String> {
    let mut done = String::new();
    let mut rest = page;
    while let Some((before, block)) = rest.split_once(BLOCK) {
        let (block, after) = block.split_once(END).ok_or("a block of the page has no end")?;
        done += before;
        done += BLOCK;
        for command in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
            done += &format!("$ {command}\n{}", printed(product, workspace, command));
        }
        done += END;
        rest = after;
    }
    Ok(done + rest)
}

fn printed(product: &Product, workspace: &Workspace, command: &str) -> String {
    let folder = workspace.join("import_cache");
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", workspace.join("bin").display());
    let shell = Run::new("/bin/bash", &folder).arg("-c").arg(format!("({command}) 2>&1")).env("PATH", path);
    let output = product.equip(shell).output();
    output.stdout.replace(&display(&folder), "~/import_cache")
}

fn display(path: &Path) -> String {
    path.display().to_string()
}

/// The first line that differs, with what comes before it.
fn difference(page: &str, done: &str) -> Option<String> {
    let (page, done): (Vec<&str>, Vec<&str>) = (page.lines().collect(), done.lines().collect());
    let length = page.len().max(done.len());
    let line = |lines: &[&str], index: usize| without_what_varies(lines.get(index).unwrap_or(&"(nothing)"));
    let index = (0..length).find(|index| line(&page, *index) != line(&done, *index))?;
    let start = index.saturating_sub(8);
    let context = page.get(start..index).unwrap_or_default().join("\n");
    let of = |lines: &[&str]| lines.get(index).copied().unwrap_or("(nothing)").to_owned();
    Some(format!("{context}\npage:    {}\nprinted: {}", of(&page), of(&done)))
}

/// Without digits where a time, a size in units or a patch version stands, and without the widths that depend on them.
fn without_what_varies(line: &str) -> String {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let mut result: Vec<String> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let next = words.get(index + 1).map(|next| next.trim_end_matches([',', ')', ':'])).unwrap_or_default();
        let is_size = ["B", "kB", "MB"].contains(&next) && starts_with_digit(word);
        let is_time = word.matches(['-', ':']).count() >= 2 && starts_with_digit(word);
        let is_version = word.trim_end_matches(',').starts_with("3.13.");
        // The third word of a header: little-endian seconds.
        let is_word = word.len() == 8 && word.chars().all(|letter| letter.is_ascii_hexdigit());
        let is_unit = ["B", "kB", "MB"].contains(&word.trim_end_matches([',', ')', ':'])) && !result.is_empty();
        result.push(match is_size || is_time || is_version || is_word {
            true => "#".into(),
            false if is_unit => word.trim_start_matches(['k', 'M']).into(),
            false => word.clone(),
        });
    }
    result.join(" ")
}

fn starts_with_digit(word: &str) -> bool {
    word.starts_with(|letter: char| letter.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::without_what_varies;

    #[test]
    fn times_sizes_and_patch_versions_vary() {
        let one = "source   a.py: 2026-01-02 03:04:05 UTC, 77 bytes, 1.2 kB, CPython 3.13.5";
        let other = "source  a.py: 2027-01-02 03:04:06 UTC, 77 bytes, 512 B, CPython 3.13.7";
        assert_eq!(without_what_varies(one), without_what_varies(other));
        assert_ne!(without_what_varies("77 bytes"), without_what_varies("78 bytes"));
    }
}
