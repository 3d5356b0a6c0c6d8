//! The machine on which something was measured, and what else it did then.
//!
//! Comes in: the kernel's own files. Goes out: facts, each only where it can be told.

use std::fs;

use nix::sys::utsname::uname;
use serde::{Deserialize, Serialize};

/// Facts that a reader of the numbers needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// Processors that this process may use.
    pub processor_count: usize,
    /// How the processor's clock is chosen, if the kernel says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub governor: Option<String>,
    /// The kernel.
    pub kernel: String,
    /// The distribution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Bytes of memory.
    pub memory: u64,
    /// Processes that ran or waited for a processor in the minute before.
    pub load: f64,
}

impl Machine {
    /// This machine, now.
    #[must_use]
    pub fn read() -> Self {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let kernel = uname().map(|name| {
            let word = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
            format!("{} {} {}", word(name.sysname()), word(name.release()), word(name.machine()))
        });
        let governor = text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
        Self {
            processor: value(&text("/proc/cpuinfo"), "model name", ':').unwrap_or_else(|| "unknown".to_owned()),
            processor_count: std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
            governor: Some(governor.trim().to_owned()).filter(|text| !text.is_empty()),
            kernel: kernel.unwrap_or_default(),
            system: value(&text("/etc/os-release"), "PRETTY_NAME", '=').map(|name| name.trim_matches('"').to_owned()),
            memory: value(&text("/proc/meminfo"), "MemTotal", ':').map_or(0, |size| kilobytes(&size)),
            load: text("/proc/loadavg").split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0.0),
        }
    }
}

/// What stands behind a name at the start of a line.
fn value(text: &str, name: &str, separator: char) -> Option<String> {
    let mut lines = text.lines().filter_map(|line| line.split_once(separator));
    lines.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
}

fn kilobytes(text: &str) -> u64 {
    text.split(' ').next().and_then(|word| word.parse::<u64>().ok()).unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::{Machine, kilobytes, value};

    #[test]
    fn values_stand_behind_their_names() {
        assert_eq!(
            value("a : 1\nmodel name\t: Some CPU @ 2 GHz\n", "model name", ':').as_deref(),
            Some("Some CPU @ 2 GHz")
        );
        assert_eq!(value("", "x", ':'), None);
        assert_eq!(kilobytes("24 kB"), 24 * 1024);
    }

    #[test]
    fn every_machine_has_a_kernel_and_memory() {
        let machine = Machine::read();
        assert!(machine.kernel.starts_with("Linux ") && machine.memory > 0, "{machine:?}");
    }
}
