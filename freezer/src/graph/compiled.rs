//! What compiled modules import: their code can't be scanned, but the names stand in the file as text.
//!
//! Comes in: the bytes of a shared library, and the names that something there could mean. Goes out: those of the names
//! that stand in it. It finds too much rather than too little: a name too many only makes a module hot. Nothing is
//! executed, and a damaged file has no names.
//!
//! Where the texts are: C code and Cython up to 3.0 end each with a zero byte. Rust and later Cythons put them one
//! after the other without any mark between; Cython (`Cython/Compiler/Code.py`, `generate_pystring_constants`)
//! compresses that, before 3.3 with zlib, 3.3 with an LZSS of its own (`Cython/Utility/StringTools.c`).

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// In texts without marks between them, a shorter name without a dot would be found by chance.
const MIN_UNMARKED_SIZE: usize = 5;

/// A shorter run of text is no table of texts.
const MIN_TABLE_SIZE: usize = 64;

/// Most bytes that a compressed table may decode to: far above those of the largest modules.
const MAX_TABLE_SIZE: usize = 16 << 20;

/// So many bytes of a table are looked at to tell whether it goes on.
const RECENT_SIZE: usize = 32;

/// So many of them may be control characters.
const MAX_ODD_COUNT: usize = 2;

/// What Cython's runtime says when its table is damaged: only files that hold it have such a table.
const LZSS_MARK: &[u8] = b"LZSS string data decompression failed";

/// The names that texts in a shared library could mean: each text with the module that it would import.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    modules: BTreeMap<String, String>,
    /// Modules whose names count only as whole texts.
    optional: BTreeSet<String>,
    by_start: HashMap<[u8; 4], Vec<String>>,
}

impl Known {
    pub(super) fn new(modules: BTreeMap<String, String>, optional: BTreeSet<String>) -> Self {
        let mut by_start: HashMap<_, Vec<String>> = HashMap::new();
        for text in modules.keys().filter(|text| text.contains('.') || text.len() >= MIN_UNMARKED_SIZE) {
            if let Some(start) = text.as_bytes().first_chunk::<4>() {
                by_start.entry(*start).or_default().push(text.clone());
            }
        }
        Self { modules, optional, by_start }
    }
}

/// The modules of `known` whose names stand in a shared library.
pub(super) fn names(library: &[u8], known: &Known) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for text in library.split(|byte| !is_text(*byte)) {
        if let Ok(name) = std::str::from_utf8(text) {
            found.extend(known.modules.get(name).or(known.optional.get(name)).cloned());
        }
        if text.len() >= MIN_TABLE_SIZE {
            find_unmarked(text, known, &mut found);
        }
    }
    zlib_tables(library).chain(lzss_tables(library)).for_each(|table| find_unmarked(&table, known, &mut found));
    found
}

/// Finds the known names in texts that stand one after the other.
fn find_unmarked(table: &[u8], known: &Known, found: &mut BTreeSet<String>) {
    for (position, start) in table.windows(4).enumerate() {
        let Some(candidates) = <&[u8; 4]>::try_from(start).ok().and_then(|start| known.by_start.get(start)) else {
            continue;
        };
        let before = position.checked_sub(1).and_then(|before| table.get(before));
        // The longest: `traceback` is no `trace`.
        let here = candidates.iter().filter(|text| table[position..].starts_with(text.as_bytes()));
        if let Some(text) = here.max_by_key(|text| text.len()) {
            let after = table.get(position + text.len());
            // Within a sentence: of an error message, or a docstring.
            let is_word = [before, after].into_iter().flatten().any(|byte| b" .,:;'\"`-/(){}<>%=".contains(byte));
            if let (false, Some(module)) = (is_word, known.modules.get(text)) {
                found.insert(module.clone());
            }
        }
    }
}

fn is_text(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte) || byte == b'\n' || byte == b'\t'
}

/// Whatever in the file is a whole zlib stream of text.
fn zlib_tables(library: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let starts = library.windows(2).enumerate().filter(|(_, start)| matches!(start, [0x78, 0x01 | 0x5e | 0x9c | 0xda]));
    starts.filter_map(|(position, _)| {
        let table = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(&library[position..], MAX_TABLE_SIZE);
        table.ok().filter(|table| table.len() >= MIN_TABLE_SIZE)
    })
}

/// The tables that Cython 3.3 has compressed. Where they begin stands only in machine code, so each place that could
/// be one is tried: elsewhere decoding soon comes to what is no text.
fn lzss_tables(library: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let has_tables = library.windows(LZSS_MARK.len()).any(|window| window == LZSS_MARK);
    let library = if has_tables { library } else { &[] };
    let mut next = 0;
    std::iter::from_fn(move || {
        while let Some(start) = library.get(next..).filter(|rest| !rest.is_empty()) {
            next += 1;
            let (table, used) = lzss(start);
            if table.len() >= MIN_TABLE_SIZE && used * 10 < table.len() * 9 {
                next += used;
                return Some(table);
            }
        }
        None
    })
}

/// Decodes texts as far as they go; gives them and how many bytes they took.
fn lzss(source: &[u8]) -> (Vec<u8>, usize) {
    let mut table = Vec::new();
    let mut rest = source.iter();
    while table.len() < MAX_TABLE_SIZE {
        let before = source.len() - rest.len();
        let Some(flags) = rest.next() else { break };
        for bit in 0..8 {
            if lzss_step(&mut rest, flags & (1 << bit) != 0, &mut table).is_none() {
                return (table, before);
            }
        }
    }
    (table, source.len() - rest.len())
}

/// One byte as it is, or a reference to what came before; `None` where no text of a table can go on.
fn lzss_step(rest: &mut std::slice::Iter<'_, u8>, is_plain: bool, table: &mut Vec<u8>) -> Option<()> {
    let low = usize::from(*rest.next()?);
    if is_plain {
        table.push(u8::try_from(low).ok()?);
        // A program's texts may hold any byte, but few that can't be read; those of UTF-8 all count as readable.
        let start = table.len().saturating_sub(RECENT_SIZE);
        let odd_count = table[start..].iter().filter(|byte| !is_text(**byte) && **byte < 0x80).count();
        return (odd_count <= MAX_ODD_COUNT).then_some(());
    }
    let high = usize::from(*rest.next()?);
    let (distance, size) = match (low & 0x80, high & 0x80) {
        (0, _) => (low, high),
        (_, 0) => (0x80 + (((high << 2) & 0x180) | (low & 0x7f)), high & 0x1f),
        _ => (0x80 + (((high & 0x7f) << 7) | (low & 0x7f)), usize::from(*rest.next()?)),
    };
    let size = size + 3;
    let start = table.len().checked_sub(distance + size)?;
    table.extend_from_within(start..start + size);
    Some(())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{Known, LZSS_MARK, lzss, names};

    fn found(library: &[u8]) -> Vec<String> {
        let known =
            ["os", "json", "asyncio", "decimal", "app.inner.part"].map(|name| (name.to_owned(), name.to_owned()));
        let relative = BTreeMap::from([("exceptions".to_owned(), "app.exceptions".to_owned())]);
        let optional = BTreeSet::from(["numpy".to_owned(), "pandas".to_owned()]);
        let known = Known::new(known.into_iter().chain(relative).collect(), optional);
        names(library, &known).into_iter().collect()
    }

    /// As Cython's compressor may write it: bytes as they are, with a flag byte before each eight.
    fn plain_lzss(text: &[u8]) -> Vec<u8> {
        text.chunks(8).flat_map(|chunk| [&[0xff], chunk].concat()).collect()
    }

    #[test]
    fn texts_that_end_with_a_zero_byte() {
        assert_eq!(
            found(b"\x7fELF\0os\0jsonx\0xjson\0app.inner.part\0\x01exceptions\0numpy\0"),
            ["app.exceptions", "app.inner.part", "numpy", "os"]
        );
        assert!(found(b"").is_empty());
    }

    #[test]
    fn texts_without_marks_between_them() {
        let prose = "the loop of asyncio is closed, json or not, at least in this sentence ";
        assert!(found(prose.as_bytes()).is_empty());
        let table = format!("{}decimalpandasDecimalapp.inner.partos", "x".repeat(80));
        assert_eq!(found(table.as_bytes()), ["app.inner.part", "decimal"]);
        let zlib = miniz_oxide::deflate::compress_to_vec_zlib(table.as_bytes(), 9);
        assert_eq!(found(&[&b"\0\x01"[..], &zlib, b"\0\xff\xff"].concat()), ["app.inner.part", "decimal"]);
    }

    #[test]
    fn tables_of_cython() {
        let mut compressed = plain_lzss(&[&b"asynciodecimalapp.inner.part"[..], &[b'x'; 36]].concat());
        // Sixteen times the last 258 bytes at most: what makes it a compressed table.
        compressed.push(0);
        compressed.extend([0, 20].repeat(8));
        let (table, used) = lzss(&[&compressed[..], b"\xff\0\0\0"].concat());
        assert_eq!((table.len(), used), (64 + 8 * 23 + 3, compressed.len()));
        let library = [&b"\x7fELF\0\0"[..], LZSS_MARK, b"\0\0\0", &compressed, b"\0\0\0\0\0"].concat();
        assert_eq!(found(&library), ["app.inner.part", "asyncio", "decimal"]);
        let unmarked = [&b"\x7fELF\0\0"[..], &compressed].concat();
        assert!(found(&unmarked).is_empty());
    }

    #[test]
    fn damaged_files_have_no_names() {
        for size in 0..40 {
            let library = [LZSS_MARK, &[0], &[0x78, 0x9c].repeat(size), &vec![0x80; size], &vec![0xfe; size]].concat();
            assert!(found(&library).is_empty());
        }
    }
}
