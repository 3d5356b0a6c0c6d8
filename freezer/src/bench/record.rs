//! What the recorder in a program has written down.
//!
//! Comes in: the text of import_recorder.py's file, one fact in a line. Goes out: one run's imports as trees. A line that
//! can't be read is a mistake of ours and left out; the text is our own program's.

/// One run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// Before the program's first statement, in nanoseconds of the monotonic clock.
    pub(super) begin: i64,
    /// When the recorder was ready.
    pub(super) ready: i64,
    /// When the program had ended.
    pub(super) end: i64,
    /// When this was written.
    pub(super) written: i64,
    /// The modules that were there at the beginning.
    pub(super) present: Vec<String>,
    /// The program's imports, in order.
    pub(super) imports: Vec<Import>,
}

/// One import with those that it caused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Import {
    pub(super) name: String,
    /// The class of its loader; empty if it failed.
    pub(super) loader: String,
    /// Nanoseconds for find, load, execute and what is neither, without imports inside.
    pub(super) parts: [i64; 4],
    pub(super) inside: Vec<Import>,
}

impl Record {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut record = Self::default();
        // The imports that enclose the next line, each with its depth.
        let mut open: Vec<Import> = Vec::new();
        for line in text.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let number = |index: usize| fields.get(index).and_then(|field| field.parse::<i64>().ok());
            match fields.as_slice() {
                ["begin", _] => record.begin = number(1)?,
                ["ready", _] => record.ready = number(1)?,
                ["end", _] => record.end = number(1)?,
                ["written", _] => record.written = number(1)?,
                ["present", name] => record.present.push((*name).to_owned()),
                ["import", depth, name, _, _, _, _, _, loader] => {
                    close(&mut open, &mut record.imports, depth.parse().ok()?);
                    let parts = [number(4)?, number(5)?, number(6)?, number(7)?];
                    let (name, loader) = ((*name).to_owned(), (*loader).to_owned());
                    open.push(Import { name, loader, parts, inside: Vec::new() });
                }
                _ => {}
            }
        }
        close(&mut open, &mut record.imports, 0);
        (record.written > 0).then_some(record)
    }
}

impl Import {
    /// Nanoseconds with everything inside.
    pub(super) fn total(&self) -> i64 {
        self.parts.iter().sum::<i64>() + self.inside.iter().map(Self::total).sum::<i64>()
    }
}

/// Ends the imports below a depth.
fn close(open: &mut Vec<Import>, roots: &mut Vec<Import>, depth: usize) {
    while open.len() > depth {
        let Some(done) = open.pop() else { return };
        match open.last_mut() {
            Some(outer) => outer.inside.push(done),
            None => roots.push(done),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn lines_become_trees() {
        let text = "begin\t5\nready\t7\nend\t90\npresent\tsys\n\
                    import\t0\ta\t8\t1\t2\t3\t4\tSourceFileLoader\nimport\t1\ta.b\t9\t1\t1\t1\t1\tL\n\
                    import\t1\ta.c\t9\t2\t2\t2\t2\tL\nimport\t0\td\t9\t5\t0\t0\t0\t\nwritten\t95\n";
        let record = Record::parse(text).unwrap();
        assert_eq!((record.begin, record.ready, record.end, record.written), (5, 7, 90, 95));
        assert_eq!(record.present, ["sys"]);
        let [a, d] = record.imports.as_slice() else { panic!("two imports: {record:?}") };
        assert_eq!((a.inside.len(), a.parts, a.total()), (2, [1, 2, 3, 4], 22));
        assert_eq!((d.name.as_str(), d.loader.as_str(), d.total()), ("d", "", 5));
    }

    #[test]
    fn text_that_was_cut_off_is_no_record() {
        assert_eq!(Record::parse("begin\t5\nready\t7\nend\t90\n"), None);
    }
}
