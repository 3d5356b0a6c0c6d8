//! Takes from a new environment what tells where and by whom it was made.
//!
//! Comes in: a folder of packages that an installer has filled. Goes out: the same packages, with metadata that are alike on
//! every machine, so that executables made of them are. Scripts begin with the path of the interpreter that would run
//! them: the program has none of them, but their digests stand in RECORD.

use std::fs;
use std::path::Path;

use super::InstallError;

/// Files of a `.dist-info` that say how it got there.
const TRACES: [&str; 3] = ["INSTALLER", "REQUESTED", "direct_url.json"];

/// Settles all distributions in `site_packages`.
pub(super) fn settle(site_packages: &Path) -> Result<(), InstallError> {
    let entries = fs::read_dir(site_packages).map_err(InstallError::io("read", site_packages))?;
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().ends_with(".dist-info") {
            distribution(&entry.path())?;
        }
    }
    Ok(())
}

fn distribution(folder: &Path) -> Result<(), InstallError> {
    for name in TRACES {
        let path = folder.join(name);
        if path.exists() {
            fs::remove_file(&path).map_err(InstallError::io("remove", &path))?;
        }
    }
    let path = folder.join("RECORD");
    // Without one there is no list to settle.
    let Ok(text) = fs::read_to_string(&path) else { return Ok(()) };
    fs::write(&path, record(&text)).map_err(InstallError::io("write", &path))
}

/// The lines of a RECORD, sorted: without those traces, and without digests of what lies outside.
fn record(text: &str) -> String {
    let is_trace = |line: &&str| {
        let path = line.split(',').next().unwrap_or(line);
        path.rsplit_once(".dist-info/").is_some_and(|(_, name)| TRACES.contains(&name))
    };
    let settled = |line: &str| match line.rsplitn(3, ',').nth(2) {
        Some(path) if path.trim_start_matches('"').starts_with("../") => format!("{path},,\n"),
        _ => format!("{line}\n"),
    };
    let mut lines: Vec<String> = text.lines().filter(|line| !is_trace(line)).map(settled).collect();
    lines.sort();
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::record;

    #[test]
    fn records_are_alike() {
        let pip = "a-1.dist-info/RECORD,,\n../../../bin/a,sha256=x,1\na,b.py,sha256=y,2\na-1.dist-info/INSTALLER,sha256=z,4\n";
        assert_eq!(record(pip), "../../../bin/a,,\na,b.py,sha256=y,2\na-1.dist-info/RECORD,,\n");
    }
}
