//! Numbers for people.

use std::time::Duration;

/// A size: `512 B`, `3.1 kB`, `16.2 MB`. Powers of 1000, as `ls --si` and package indexes show them.
#[must_use]
pub fn size_text(size: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match UNITS.iter().find(|(unit, _)| size >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", size / unit, size % unit * 10 / unit),
        None => format!("{size} B"),
    }
}

/// A count with thousands apart: `1,204`.
#[must_use]
pub fn count_text(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration with three digits that mean something: `12.3 s`, `4.56 ms`, `789 µs`.
#[must_use]
pub fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let (value, unit) = match seconds {
        _ if seconds >= 1.0 => (seconds, "s"),
        _ if seconds >= 1e-3 => (seconds * 1e3, "ms"),
        _ => (seconds * 1e6, "µs"),
    };
    let decimals = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.decimals$} {unit}")
}

/// A time in seconds, as [`duration_text`] writes it; `0` where it is less than could be measured.
#[must_use]
pub fn seconds_text(seconds: f64) -> String {
    if seconds < 5e-7 {
        return "0".to_owned();
    }
    duration_text(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

/// A digest or another row of bytes: `ba7816bf…`.
#[must_use]
pub fn hexadecimal_text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Rows as columns: the first to the left, all others to the right, two spaces apart.
#[must_use]
pub(super) fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(column, (cell, width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{columns, count_text, duration_text, size_text};

    #[test]
    fn sizes_have_one_decimal() {
        let texts = [0, 999, 1_000, 1_999, 16_250_000, 4_000_000_000].map(size_text);
        assert_eq!(texts, ["0 B", "999 B", "1.0 kB", "1.9 kB", "16.2 MB", "4.0 GB"]);
    }

    #[test]
    fn counts_have_thousands_apart() {
        assert_eq!([0, 999, 1_204, 1_000_000].map(count_text), ["0", "999", "1,204", "1,000,000"]);
    }

    #[test]
    fn durations_have_three_digits() {
        let texts = [12_345_678, 456_700, 4_567, 789].map(|micros| duration_text(Duration::from_micros(micros)));
        assert_eq!(texts, ["12.3 s", "457 ms", "4.57 ms", "789 µs"]);
    }

    #[test]
    fn columns_are_aligned() {
        let rows = [["a", "bcd"], ["ef", "g"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(columns(&rows), "a   bcd\nef    g\n");
    }
}
