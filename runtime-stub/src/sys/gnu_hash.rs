//! The GNU hash table, by which symbols are found by name.
//!
//! Comes in: where the table begins, and a way to read words. Goes out: positions in the symbol table. Source: glibc's
//! `elf/dl-lookup.c`.

/// The positions of symbols whose hash is that of `name`, which may end with its terminator. `read` gives the word at an address,
/// or nothing where there is none.
pub(super) fn candidates(
    table: u64,
    name: &[u8],
    read: impl Fn(u64) -> Option<u32>,
) -> Option<impl Iterator<Item = u64>> {
    let header = |word: u64| read(table.checked_add(word.checked_mul(4)?)?).map(u64::from);
    let (bucket_count, first, filter_size) = (header(0)?, header(1)?, header(2)?);
    let name = name.strip_suffix(b"\0").unwrap_or(name);
    let hash = name.iter().fold(5381_u32, |hash, byte| hash.wrapping_mul(33).wrapping_add(u32::from(*byte)));
    let buckets = table.checked_add(16)?.checked_add(filter_size.checked_mul(8)?)?;
    let chains = buckets.checked_add(bucket_count.checked_mul(4)?)?;
    let bucket = u64::from(hash).checked_rem(bucket_count)?;
    let start = u64::from(read(buckets.checked_add(bucket.checked_mul(4)?)?)?);
    let mut position = (start >= first).then_some(start);
    Some(core::iter::from_fn(move || {
        loop {
            let current = position?;
            let link = read(chains.checked_add(current.checked_sub(first)?.checked_mul(4)?)?)?;
            position = if link & 1 == 0 { current.checked_add(1) } else { None };
            if link | 1 == hash | 1 {
                return Some(current);
            }
        }
    }))
}
