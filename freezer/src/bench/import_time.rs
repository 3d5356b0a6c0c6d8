//! `python -X importtime`: the interpreter's own figures, with which the recorder's are compared.
//!
//! Comes in: what python says on standard error. Goes out: for each import its time without and with those inside.

use serde::{Deserialize, Serialize};

/// One line of `-X importtime`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimedImport {
    /// The module.
    pub name: String,
    /// Without imports inside, in seconds.
    pub self_seconds: f64,
    /// With them.
    pub cumulative_seconds: f64,
}

/// Reads `import time:       123 |        456 |   name`, among whatever else the program says.
pub(super) fn parse(text: &str) -> Vec<TimedImport> {
    let line = |line: &str| {
        let mut fields = line.split("import time:").nth(1)?.split('|');
        let mut micros = || fields.next()?.trim().parse::<f64>().ok();
        let (own, all) = (micros()?, micros()?);
        let name = fields.next()?.trim().to_owned();
        Some(TimedImport { name, self_seconds: own / 1e6, cumulative_seconds: all / 1e6 })
    };
    text.lines().filter_map(line).collect()
}

/// The medians of several runs, in the order of the first.
pub(super) fn medians(runs: &[Vec<TimedImport>]) -> Vec<TimedImport> {
    let Some(first) = runs.first() else { return Vec::new() };
    let median = |name: &str, field: fn(&TimedImport) -> f64| {
        let of_run = |run: &Vec<TimedImport>| run.iter().find(|import| import.name == name).map(field);
        super::Spread::of(runs.iter().filter_map(of_run)).median
    };
    let merged = |import: &TimedImport| TimedImport {
        name: import.name.clone(),
        self_seconds: median(&import.name, |import| import.self_seconds),
        cumulative_seconds: median(&import.name, |import| import.cumulative_seconds),
    };
    first.iter().map(merged).collect()
}

#[cfg(test)]
mod tests {
    use super::{medians, parse};

    #[test]
    fn lines_among_others_are_read() {
        let text = "import time: self [us] | cumulative | imported package\nwarning!\n\
                    import time:       100 |        100 |   encodings.aliases\nimport time:       500 |        600 | encodings\n";
        let imports = parse(text);
        assert_eq!(imports.len(), 2);
        assert_eq!(imports[1].name, "encodings");
        assert!((imports[1].cumulative_seconds - 600e-6).abs() < 1e-12);
        let other = parse("import time: 300 | 300 | encodings.aliases\n");
        let merged = medians(&[imports, other]);
        assert!((merged[0].self_seconds - 200e-6).abs() < 1e-12, "{merged:?}");
    }
}
