//! The executable as tiles whose areas are sizes.
//!
//! Laid out in rows and columns that keep tiles near squares, as Bruls, Huizing and van Wijk describe ("Squarified
//! treemaps", 2000). Places are percentages, so that areas stay true in a frame of any shape.

use super::super::{BenchReport, SizePart};
use super::text::escape;
use crate::ui::size_text;

/// The frame's shape on a wide screen.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 400.0;

/// Tiles; what is left over becomes one.
const TILE_LIMIT: usize = 40;

/// A place in the frame.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

pub(super) fn treemap(report: &BenchReport) -> String {
    let total: u64 = report.sizes.iter().map(|part| part.size).sum();
    if total == 0 {
        return String::new();
    }
    let parts = limited(&report.sizes);
    #[expect(clippy::cast_precision_loss, reason = "sizes below 2^52")]
    let sizes: Vec<f64> = parts.iter().map(|part| part.size as f64).collect();
    let places = lay_out(&sizes, Place { x: 0.0, y: 0.0, width: WIDTH, height: HEIGHT });
    let tiles: String = parts.iter().zip(places).map(|(part, place)| tile(part, place, total)).collect();
    format!(
        "<p class=\"quiet\">{} on disk, as areas.</p>\n<div class=\"treemap\"><svg role=\"group\" aria-label=\"Sizes\">{tiles}</svg></div>\n{}",
        size_text(total),
        table(&report.sizes, total)
    )
}

fn limited(parts: &[SizePart]) -> Vec<SizePart> {
    let mut shown: Vec<SizePart> = parts.iter().take(TILE_LIMIT).cloned().collect();
    let rest = parts.get(TILE_LIMIT..).unwrap_or_default();
    if !rest.is_empty() {
        shown.push(SizePart {
            name: format!("{} more", rest.len()),
            kind: "package".to_owned(),
            size: rest.iter().map(|part| part.size).sum(),
            module_count: rest.iter().map(|part| part.module_count).sum(),
        });
    }
    shown
}

fn tile(part: &SizePart, place: Place, total: u64) -> String {
    let share = |number: f64, whole: f64| format!("{:.3}%", number / whole * 100.0);
    let words = format!("{}: {}, {}", part.name, size_text(part.size), share_text(part.size, total));
    format!(
        "<svg class=\"tile {kind}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{words}\">\
         <title>{words}</title><rect width=\"100%\" height=\"100%\"/><text x=\"7\" y=\"17\">{name}</text>\
         <text class=\"size\" x=\"7\" y=\"33\">{size}</text></svg>\n",
        kind = escape(&part.kind),
        x = share(place.x, WIDTH),
        y = share(place.y, HEIGHT),
        width = share(place.width, WIDTH),
        height = share(place.height, HEIGHT),
        words = escape(&words),
        name = escape(&part.name),
        size = size_text(part.size),
    )
}

#[expect(clippy::cast_precision_loss, reason = "sizes below 2^52")]
fn share_text(size: u64, total: u64) -> String {
    format!("{:.1} %", size as f64 / total as f64 * 100.0)
}

fn table(parts: &[SizePart], total: u64) -> String {
    let row = |part: &SizePart| {
        let modules = if part.module_count == 0 { "–".to_owned() } else { part.module_count.to_string() };
        format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{modules}</td></tr>\n",
            escape(&part.name),
            size_text(part.size),
            share_text(part.size, total)
        )
    };
    let rows: String = parts.iter().map(row).collect();
    format!(
        "<details><summary>The same as a table</summary><div class=\"scroll\"><table><thead><tr><th scope=\"col\"></th>\
         <th scope=\"col\">size</th><th scope=\"col\">share</th><th scope=\"col\">modules</th></tr></thead><tbody>\n{rows}</tbody></table></div></details>\n"
    )
}

/// Places for sizes that descend, filling the frame.
fn lay_out(sizes: &[f64], frame: Place) -> Vec<Place> {
    let total: f64 = sizes.iter().sum();
    let mut places = Vec::with_capacity(sizes.len());
    let (mut rest, mut frame) = (sizes, frame);
    let mut scale = frame.width * frame.height / total.max(f64::MIN_POSITIVE);
    while !rest.is_empty() {
        let side = frame.width.min(frame.height);
        let count = row_length(rest, side, scale);
        let (row, others) = rest.split_at(count);
        let area = row.iter().sum::<f64>() * scale;
        let depth = if side > 0.0 { area / side } else { 0.0 };
        frame = put_row(row, frame, depth, scale, &mut places);
        rest = others;
        let left: f64 = rest.iter().sum();
        if left > 0.0 {
            scale = frame.width * frame.height / left;
        }
    }
    places
}

/// How many tiles stand in the next row: as long as one more makes none of them longer and thinner.
fn row_length(sizes: &[f64], side: f64, scale: f64) -> usize {
    let mut best = f64::INFINITY;
    for count in 1..=sizes.len() {
        let row = &sizes[..count];
        let sum = row.iter().sum::<f64>() * scale;
        let longest = |size: &f64| {
            let area = size * scale;
            let (one, other) = (side * side * area / (sum * sum), sum * sum / (side * side * area));
            one.max(other)
        };
        let worst = row.iter().map(longest).fold(0.0, f64::max);
        if worst > best {
            return count - 1;
        }
        best = worst;
    }
    sizes.len()
}

/// Puts a row along the shorter side; gives what is left of the frame.
fn put_row(row: &[f64], frame: Place, depth: f64, scale: f64, places: &mut Vec<Place>) -> Place {
    let is_column = frame.width >= frame.height;
    let mut offset = 0.0;
    for size in row {
        let length = if depth > 0.0 { size * scale / depth } else { 0.0 };
        places.push(if is_column {
            Place { x: frame.x, y: frame.y + offset, width: depth, height: length }
        } else {
            Place { x: frame.x + offset, y: frame.y, width: length, height: depth }
        });
        offset += length;
    }
    if is_column {
        Place { x: frame.x + depth, width: (frame.width - depth).max(0.0), ..frame }
    } else {
        Place { y: frame.y + depth, height: (frame.height - depth).max(0.0), ..frame }
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, lay_out};

    #[test]
    fn tiles_fill_the_frame_and_have_their_sizes_as_areas() {
        let frame = Place { x: 0.0, y: 0.0, width: 6.0, height: 4.0 };
        let sizes = [6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0];
        let places = lay_out(&sizes, frame);
        for (size, place) in sizes.iter().zip(&places) {
            assert!((place.width * place.height - size).abs() < 1e-9, "{place:?} for {size}");
            assert!(place.x >= -1e-9 && place.x + place.width <= 6.0 + 1e-9, "{place:?}");
            assert!(place.y >= -1e-9 && place.y + place.height <= 4.0 + 1e-9, "{place:?}");
        }
        // The example of the paper: the first two stand one above the other in a column of width 3.
        assert_eq!(places[0], Place { x: 0.0, y: 0.0, width: 3.0, height: 2.0 });
        assert_eq!(places[1], Place { x: 0.0, y: 2.0, width: 3.0, height: 2.0 });
    }

    #[test]
    fn nothing_has_no_places() {
        assert!(lay_out(&[], Place { x: 0.0, y: 0.0, width: 1.0, height: 1.0 }).is_empty());
    }
}
