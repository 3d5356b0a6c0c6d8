//! What `pyfreeze inspect --metadata` says: distributions, the runtime, the build's settings.

use super::Style;
use super::summary::row;
use crate::inspect::{DistributionFacts, MetadataReport};

/// Everything that is known beside the files.
#[must_use]
pub fn metadata_text(metadata: &MetadataReport, style: Style) -> String {
    let MetadataReport { pyfreeze_version, entry_point, runtime, glibc, settings, distributions } = metadata;
    let list = |items: &[String]| if items.is_empty() { "none".to_owned() } else { items.join(" ") };
    let search_path: Vec<_> = settings.search_path.iter().map(|path| shown(path)).collect();
    let mut text = style.bold("program") + "\n";
    text += &row(style, "runs", &format!("{} {}", entry_point.description, shown(&entry_point.path)));
    text += &row(style, "sys.path", &search_path.join(" "));
    text += &row(style, "options", &list(&settings.python_options));
    text += &row(style, "optimized", ["no", "-O", "-OO"].get(settings.optimization as usize).unwrap_or(&"-OO"));
    text += &row(style, "sources", if settings.has_sources { "included" } else { "left out" });
    text += &row(style, "pruned", if settings.is_pruned { "yes" } else { "no" });
    text += &row(style, "made by", &format!("pyfreeze {pyfreeze_version}"));
    text += &(style.bold("runtime") + "\n");
    text += &row(style, "python", &runtime.python_version);
    text += &row(style, "target", &runtime.target);
    let glibc = glibc.as_ref().map_or(&runtime.glibc, |floor| &floor.version);
    text += &row(style, "glibc", if glibc.is_empty() { "none: the program is static" } else { glibc });
    text += &row(style, "identity", &runtime.identity);
    for distribution in distributions {
        text += &distribution_text(distribution, style);
    }
    text
}

/// The virtual root has the empty path.
fn shown(path: &str) -> &str {
    if path.is_empty() { "." } else { path }
}

fn distribution_text(distribution: &DistributionFacts, style: Style) -> String {
    let DistributionFacts { name, version, reason, summary, license, requires, entry_points, license_files } =
        distribution;
    let mut text = style.bold(&format!("{name} {version}")) + "\n";
    if let Some(summary) = summary {
        text += &row(style, "summary", summary);
    }
    text += &row(style, "why", reason);
    text += &row(style, "licence", if license.is_empty() { "not stated" } else { license });
    if license_files.is_empty() {
        text += &row(style, "", "it has no file with the licence's text");
    }
    if !requires.is_empty() {
        text += &row(style, "requires", &requires.join(", "));
    }
    for (group, entries) in entry_points {
        for (index, (name, value)) in entries.iter().enumerate() {
            let label = if index == 0 { "offers" } else { "" };
            text += &row(style, label, &format!("{name} = {value}  [{group}]"));
        }
    }
    text
}
