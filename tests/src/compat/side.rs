//! The two programs that are compared, and what their paths mean.
//!
//! Comes in: an executable, or a script with its environment. Goes out: how to make what they print comparable.

use std::path::Path;

use crate::normalize::Normalizer;
use crate::packages;
use crate::product::Product;

/// What the frozen program's paths mean.
#[must_use]
pub fn frozen(executable: &Path, folder: &Path) -> Normalizer {
    let name = executable.display().to_string();
    Normalizer::default()
        .text(pyfreeze_format::VIRTUAL_ROOT, "<root>")
        .text(&format!("{name}/"), "<root>/")
        .text(&name, "<executable>")
        .path(folder, "<folder>")
}

/// What the paths of the reference mean. `source` is the folder of the code, `script` what python is called with.
#[must_use]
pub fn python(product: &Product, venv: &Path, source: &Path, script: &Path, folder: &Path) -> Normalizer {
    let normalizer = Normalizer::default();
    // Where a tool tells its own name, it is the executable that the user started.
    let normalizer = if source == script { normalizer } else { normalizer.path(script, "<executable>") };
    normalizer
        .path(source, "<root>")
        .path(&product.library, "<root>/lib/python3.13")
        .path(&packages::site_packages(venv), "<root>/lib/python3.13/site-packages")
        .path(&venv.join("bin/python"), "<executable>")
        .path(folder, "<folder>")
}
