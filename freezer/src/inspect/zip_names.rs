//! The names in a zip archive, whatever stands before it: enough to tell a zipapp from a wheel.
//!
//! Comes in: a file's bytes. Goes out: names, as far as the central directory can be read. Nothing is unpacked, and no
//! length is trusted. (APPNOTE.TXT 6.3.10, sections 4.3.12 and 4.3.16.)

/// The end of the central directory with the longest comment.
const LONGEST_END: usize = 22 + 0xffff;
const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";

/// The names in the archive at the end of a file; `None` where there is none.
pub(super) fn zip_names(file: &[u8]) -> Option<Vec<&[u8]>> {
    let tail_start = file.len().saturating_sub(LONGEST_END);
    let tail = file.get(tail_start..)?;
    let end = tail_start + tail.windows(END.len()).rposition(|window| window == END)?;
    let size = usize::try_from(number(file.get(end..)?, 12, 4)?).ok()?;
    // The offset that is written there does not count what was put before the archive.
    let mut rest = file.get(end.checked_sub(size)?..end)?;
    let mut names = Vec::new();
    while rest.starts_with(ENTRY) {
        let [name, extra, comment] = [28, 30, 32].map(|offset| number(rest, offset, 2).unwrap_or(0));
        // OK because three numbers of two bytes each fit.
        let (name, behind) = (usize::try_from(name).ok()?, usize::try_from(extra + comment).ok()?);
        names.push(rest.get(46..46 + name)?);
        rest = rest.get(46 + name + behind..)?;
    }
    Some(names)
}

fn number(bytes: &[u8], offset: usize, size: usize) -> Option<u64> {
    let bytes = bytes.get(offset..offset + size)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}
