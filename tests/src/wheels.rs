//! Packages made on the fly: wheels and source archives that no index has.
//!
//! Comes in: a name, a version and what it requires. Goes out: a file in a folder for `--find-links`. The reference
//! Python packs it, so that no test of installing needs a network.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::Run;
use crate::product::Product;
use crate::project::Workspace;
use crate::runner::Stop;

/// The folder of a workspace in which all packages are made.
const FOLDER: &str = "wheels";

/// Packs `argv[2]` into `argv[3]`: as a wheel, or as a source archive with its own build backend.
const PACKER: &str = r#"
import io, sys, tarfile, zipfile
kind, out, name, version, *requires = sys.argv[1:]
METADATA = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + "".join(f"Requires-Dist: {r}\n" for r in requires)
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
info = f"{name}-{version}.dist-info"
files = {f"{name}.py": f"VERSION = '{version}'\n", f"{info}/METADATA": METADATA, f"{info}/WHEEL": WHEEL}
files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{name} = {name}:VERSION\n"
files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
if kind == "wheel":
    with zipfile.ZipFile(out, "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path), text)
else:
    backend = sys.stdin.read() + f"""
import os, zipfile
FILES = {files!r}
def build_wheel(folder, settings=None, metadata=None):
    before_build()
    name = "{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        for path, text in FILES.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return name
"""
    system = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    sources = {"PKG-INFO": METADATA, "backend.py": backend, "pyproject.toml": system}
    with tarfile.open(out, "w:gz") as archive:
        for path, text in sources.items():
            member = tarfile.TarInfo(f"{name}-{version}/{path}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
"#;

/// Makes a wheel with one module, whose `VERSION` is its version.
///
/// # Errors
/// When it can't be made.
pub fn wheel(
    product: &Product,
    workspace: &Workspace,
    name: &str,
    version: &str,
    requires: &[&str],
) -> Result<PathBuf, Stop> {
    let file = format!("{name}-{version}-py3-none-any.whl");
    pack(product, workspace, "wheel", &file, &[&[name, version], requires].concat(), "")
}

/// Makes a source archive of the same; `before_build` is the body of a function that its build begins with.
///
/// # Errors
/// When it can't be made.
pub fn source_archive(
    product: &Product,
    workspace: &Workspace,
    name: &str,
    version: &str,
    before_build: &str,
) -> Result<PathBuf, Stop> {
    let body: String = before_build.lines().map(|line| format!("    {line}\n")).collect();
    let file = format!("{name}-{version}.tar.gz");
    pack(product, workspace, "sdist", &file, &[name, version], &format!("def before_build():\n    pass\n{body}"))
}

fn pack(
    product: &Product,
    workspace: &Workspace,
    kind: &str,
    file: &str,
    arguments: &[&str],
    input: &str,
) -> Result<PathBuf, Stop> {
    let out = workspace.join(&format!("{FOLDER}/{file}"));
    fs::create_dir_all(workspace.join(FOLDER))?;
    let run = Run::new(&product.python, workspace.path()).args(["-I", "-c", PACKER, kind]).arg(&out);
    run.args(arguments.iter().copied()).input(input).success()?;
    Ok(out)
}

/// The SHA-256 of a file, as locks have it.
///
/// # Errors
/// When it can't be read.
pub fn sha256(product: &Product, path: &Path) -> Result<String, Stop> {
    let program = "import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], 'rb').read()).hexdigest())";
    let run = Run::new(&product.python, "/").args(["-I", "-c", program]).arg(path);
    Ok(run.success()?.stdout.trim().to_owned())
}
