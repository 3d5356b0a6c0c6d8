//! What a process had mapped: `/proc/self/maps`.
//!
//! Comes in: the text, as `proc_pid_maps(5)` describes it. Goes out: mappings in the order of their addresses.

/// One line: memory with one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mapping {
    pub(super) start: u64,
    /// The first address behind it.
    pub(super) end: u64,
    /// Where in the file it begins.
    pub(super) offset: u64,
    /// A path, a name of the kernel's in brackets, or nothing.
    pub(super) name: String,
}

/// All memory of a process.
#[derive(Clone, Debug, Default)]
pub(super) struct Maps {
    mappings: Vec<Mapping>,
}

impl Mapping {
    pub(super) fn contains(&self, address: u64) -> bool {
        (self.start..self.end).contains(&address)
    }

    /// The last part of its name.
    pub(super) fn file_name(&self) -> &str {
        self.name.rsplit_once('/').map_or(&*self.name, |(_, name)| name)
    }

    fn parse(line: &str) -> Option<Self> {
        let mut rest = line;
        let mut field = || {
            let (field, behind) = rest.trim_start().split_once(' ').unwrap_or((rest.trim_start(), ""));
            rest = behind;
            field
        };
        let (addresses, _permissions, offset, _device, _inode) = (field(), field(), field(), field(), field());
        let (start, end) = addresses.split_once('-')?;
        let hex = |digits| u64::from_str_radix(digits, 16).ok();
        let name = rest.trim_start();
        let name = name.strip_suffix(" (deleted)").unwrap_or(name).to_owned();
        Some(Self { start: hex(start)?, end: hex(end)?, offset: hex(offset)?, name })
    }
}

impl Maps {
    /// Reads the text; an error is the line that is none of the kernel's.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parse = |line: &str| Mapping::parse(line).ok_or_else(|| format!("no mapping: `{line}`"));
        let mut mappings = text.lines().map(parse).collect::<Result<Vec<_>, _>>()?;
        mappings.sort_by_key(|mapping| mapping.start);
        Ok(Self { mappings })
    }

    pub(super) fn all(&self) -> &[Mapping] {
        &self.mappings
    }

    /// The position of the mapping that holds an address.
    pub(super) fn position(&self, address: u64) -> Option<usize> {
        let position = self.mappings.partition_point(|mapping| mapping.end <= address);
        self.mappings.get(position).filter(|mapping| mapping.contains(address)).map(|_| position)
    }

    pub(super) fn find(&self, address: u64) -> Option<&Mapping> {
        self.position(address).map(|position| &self.mappings[position])
    }

    /// The file that an address belongs to, and how far from the file's first mapping it is: the variables of a
    /// library that are zero at first are anonymous memory right behind it.
    pub(super) fn file_at(&self, address: u64) -> Option<(&Mapping, u64)> {
        let mut position = self.position(address)?;
        if self.mappings[position].name.is_empty() {
            let before = position.checked_sub(1)?;
            if self.mappings[before].end != self.mappings[position].start {
                return None;
            }
            position = before;
        }
        let name = &self.mappings[position].name;
        let first = self.mappings.iter().find(|mapping| mapping.name == *name && name.starts_with('/'))?;
        Some((first, address.checked_sub(first.start)?.checked_add(first.offset)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
00400000-009e3000 r--p 00000000 00:2d 42                                 /tmp/an app/app
009e3000-012db000 r-xp 005e3000 00:2d 42                                 /tmp/an app/app
013dd000-013fe000 rw-p 00000000 00:00 0                                  [heap]
7f0000000000-7f0000002000 r--p 00000000 00:2d 7                          /lib/libc.so.6
7f0000002000-7f0000003000 rw-p 00002000 00:2d 7                          /lib/libc.so.6 (deleted)
7f0000003000-7f0000005000 rw-p 00000000 00:00 0 
7fff00000000-7fff00021000 rw-p 00000000 00:00 0                          [stack]
";

    #[test]
    fn lines_are_split_at_the_name() {
        let maps = Maps::parse(TEXT).unwrap();
        assert_eq!(maps.all().len(), 7);
        let program = maps.find(0x9e_3000).unwrap();
        assert_eq!((program.start, program.end, program.offset), (0x9e_3000, 0x12d_b000, 0x5e_3000));
        assert_eq!((&*program.name, program.file_name()), ("/tmp/an app/app", "app"));
        assert_eq!(maps.find(0x7f00_0000_2008).unwrap().name, "/lib/libc.so.6");
        assert_eq!(maps.find(0x7f00_0000_4000).unwrap().name, "");
        assert!(maps.find(0x13f_e000).is_none());
        assert!(maps.find(0).is_none());
    }

    #[test]
    fn zeroed_variables_belong_to_the_file_before_them() {
        let maps = Maps::parse(TEXT).unwrap();
        let (file, offset) = maps.file_at(0x7f00_0000_4010).unwrap();
        assert_eq!((file.file_name(), offset), ("libc.so.6", 0x4010));
        assert!(maps.file_at(0x7fff_0000_0000).is_none());
    }

    #[test]
    fn what_is_no_mapping_is_named() {
        let error = Maps::parse("00400000-009e3000 r--p 00000000 00:2d 42 /a\nhello\n").unwrap_err();
        assert_eq!(error, "no mapping: `hello`");
    }
}
