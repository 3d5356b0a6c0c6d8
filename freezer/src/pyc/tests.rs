//! Whole files: damaged ones, and what interpreters make of good ones.

use std::path::Path;

use super::{
    CodeObject, Facts, FileReport, HashChecks, HeaderError, Interpreter, MarshalError, Outcome, Reason, Settings,
    SourceFile, State, Verdict, Writing, code_objects, header, judge, location,
};

/// A module with one function in it, as each layout has it: the number, words of the header, counts of a code object.
const LAYOUTS: [(u16, usize, usize); 6] =
    [(62211, 1, 4), (3180, 1, 5), (3379, 2, 5), (3425, 3, 6), (3571, 3, 5), (336, 3, 6)];

/// A file of a layout.
fn file(magic: u16, header_words: usize, counts: usize) -> Vec<u8> {
    let mut bytes = magic.to_le_bytes().to_vec();
    bytes.extend(b"\r\n");
    bytes.extend(vec![0; 4 * header_words]);
    bytes.extend(module(magic, counts));
    bytes
}

fn module(magic: u16, counts: usize) -> Vec<u8> {
    let inner = code(magic, counts, b"f", 3, &[b"N", b"g\0\0\0\0\0\0\xf0\x3f"]);
    code(magic, counts, b"<module>", 1, &[b"i\x07\0\0\0", &inner, b"(\x01\0\0\0N", b"{N0"])
}

fn code(magic: u16, counts: usize, name: &[u8], line: u32, constants: &[&[u8]]) -> Vec<u8> {
    let text = |text: &[u8]| [&b"s"[..], &u32::try_from(text.len()).unwrap().to_le_bytes(), text].concat();
    let none = b"(\0\0\0\0".to_vec();
    let mut parts = vec![b"c".to_vec(), vec![0; 4 * counts], text(b"bytecode")];
    parts.push([&b"("[..], &u32::try_from(constants.len()).unwrap().to_le_bytes()].concat());
    parts.extend(constants.iter().map(|constant| constant.to_vec()));
    let is_new = (3494..20_000).contains(&magic);
    parts.push(none.clone());
    parts.extend(if is_new { vec![none, text(b"")] } else { vec![none.clone(), none.clone(), none] });
    parts.extend([text(b"app.py"), text(name)]);
    parts.extend(is_new.then(|| text(name)));
    parts.extend([line.to_le_bytes().to_vec(), text(b"")]);
    parts.extend(is_new.then(|| text(b"")));
    parts.concat()
}

fn objects(file: &[u8]) -> Result<Vec<CodeObject>, MarshalError> {
    let (header, marshalled) = header(file).unwrap();
    code_objects(&header, marshalled).unwrap()
}

#[test]
fn every_layout_is_read() {
    for (magic, words, counts) in LAYOUTS {
        let objects = objects(&file(magic, words, counts)).unwrap();
        let facts: Vec<_> = objects.iter().map(|one| (one.name.as_str(), one.depth, one.first_line)).collect();
        assert_eq!(facts, [("<module>", 0, 1), ("f", 1, 3)], "{magic}");
        assert_eq!(objects[0].filename, "app.py");
        assert_eq!([objects[0].constant_count, objects[1].constant_count, objects[0].bytecode_size], [4, 2, 8]);
    }
}

#[test]
fn cut_off_at_every_byte() {
    for (magic, words, counts) in LAYOUTS {
        let whole = file(magic, words, counts);
        for size in 0..whole.len() {
            let cut = &whole[..size];
            match header(cut) {
                Ok((header, marshalled)) => {
                    assert_eq!(
                        code_objects(&header, marshalled),
                        Some(Err(MarshalError::CutOff)),
                        "{magic}, {size} bytes"
                    );
                }
                Err(error) => assert!(matches!(error, HeaderError::CutOff { .. } | HeaderError::Empty), "{error:?}"),
            }
            // As a whole, too.
            FileReport::new(Path::new("x.pyc"), cut, &Settings::default());
        }
    }
}

#[test]
fn every_byte_changed() {
    // All of marshal's letters, and all single bits.
    let letters = *b"0NFTS.iIfgxylstRru([{}<>aAzZ):c";
    for (magic, words, counts) in LAYOUTS {
        let whole = file(magic, words, counts);
        for position in 0..whole.len() {
            let bits = (0..8).map(|bit| whole[position] ^ 1 << bit);
            for value in letters.into_iter().chain([0, 0x7f, 0xe3, 0xff]).chain(bits) {
                let mut changed = whole.clone();
                changed[position] = value;
                read(&changed);
            }
        }
    }
}

#[test]
fn noise_ends() {
    // As a fuzzer would, with a generator of one line: it finds nothing that depends on the machine.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..20_000_u64 {
        let (magic, words, counts) = LAYOUTS[usize::try_from(round % 6).unwrap()];
        let mut bytes = file(magic, words, counts);
        for _ in 0..=next() % 8 {
            let position = usize::try_from(next()).unwrap() % bytes.len();
            match next() % 4 {
                0 => bytes.truncate(position.max(1)),
                1 => bytes.insert(position, next().to_le_bytes()[0]),
                2 => drop(bytes.drain(..position.min(8).min(bytes.len() - 1))),
                _ => bytes[position] = next().to_le_bytes()[0],
            }
        }
        read(&bytes);
    }
}

/// All that is made of a file's bytes.
fn read(file: &[u8]) {
    if let Ok((header, marshalled)) = header(file) {
        // OK because reading it is what is tested.
        let _ = code_objects(&header, marshalled);
    }
}

#[test]
fn nesting_and_promises_cost_nothing() {
    let (header, _) = header(&file(3571, 3, 5)).map(|(header, _)| (header, ())).unwrap();
    let deep = b")\x01".repeat(1_000_000);
    assert_eq!(code_objects(&header, &deep), Some(Err(MarshalError::CutOff)));
    assert_eq!(code_objects(&header, b"(\xff\xff\xff\x7f"), Some(Err(MarshalError::CutOff)));
    assert_eq!(code_objects(&header, b"(\xff\xff\xff\xff"), Some(Err(MarshalError::Length)));
    assert_eq!(code_objects(&header, b"N"), Some(Err(MarshalError::NoCode)));
    assert_eq!(code_objects(&header, b"r\0\0\0\0"), Some(Err(MarshalError::UnknownReference)));
    assert_eq!(code_objects(&header, b"q"), Some(Err(MarshalError::UnknownType { letter: b'q' })));
}

/// What is made of a 3.13 file at a path, its source having this time and size.
fn verdict(path: &str, words: [u32; 3], source: Option<(i64, u64)>, settings: &Settings) -> Verdict {
    let mut bytes = 3571_u16.to_le_bytes().to_vec();
    bytes.extend(b"\r\n");
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    let (header, _) = header(&bytes).unwrap();
    let location = location(Path::new(path), settings.prefix.as_deref());
    let source = source.map(|(seconds, size)| SourceFile {
        path: location.source.clone(),
        seconds,
        nanoseconds: 0,
        size,
        has_recorded_hash: Some(size == 5),
    });
    judge(&Facts { location: &location, header: Ok(&header), code_error: None, source: source.as_ref() }, settings)
}

#[test]
fn times_and_sizes_are_compared_modulo_two_to_the_32nd() {
    let path = "__pycache__/a.cpython-313.pyc";
    let state = |source| verdict(path, [0, 7, 5], Some(source), &Settings::default()).state;
    assert_eq!(state((7, 5)), State::Fresh);
    assert_eq!(state((7 + (1 << 32), 5 + (1 << 32))), State::Fresh);
    assert_eq!(state((8, 5)), State::Stale);
    assert_eq!(state((7, 6)), State::Stale);
    let before_1970 = verdict(path, [0, u32::MAX, 5], Some((-1, 5)), &Settings::default());
    assert_eq!(before_1970.state, State::Fresh);
}

#[test]
fn the_last_nanoseconds_of_a_second_are_the_next_one_s() {
    let source = |nanoseconds| SourceFile {
        path: "a.py".into(),
        seconds: 1_700_000_000,
        nanoseconds,
        size: 0,
        has_recorded_hash: None,
    };
    let python = Interpreter::cpython(3, 13);
    assert_eq!(source(999_999_000).time(python), 1_700_000_000);
    assert_eq!(source(999_999_999).time(python), 1_700_000_001);
    assert_eq!(source(999_999_999).time(Interpreter::cpython(2, 7)), 1_700_000_000);
}

#[test]
fn how_python_is_run_matters() {
    let cache = "/s/__pycache__/a.cpython-313.pyc";
    let with = |change: &dyn Fn(&mut Settings)| {
        let mut settings = Settings::default();
        change(&mut settings);
        settings
    };
    let stale = Some((8, 6));
    let cases: [(&str, Settings, Outcome); 7] = [
        (cache, with(&|_| ()), Outcome::Rewritten),
        (cache, with(&|settings| settings.writing = Writing::Off), Outcome::Compiled),
        (cache, with(&|settings| settings.optimization = Some(1)), Outcome::NotRead),
        (cache, with(&|settings| settings.interpreter = Some(Interpreter::cpython(3, 12))), Outcome::NotRead),
        (cache, with(&|settings| settings.prefix = Some("/x".into())), Outcome::NotRead),
        ("/s/a.pyc", with(&|_| ()), Outcome::NotRead),
        ("/x/s/a.cpython-313.pyc", with(&|settings| settings.prefix = Some("/x".into())), Outcome::Rewritten),
    ];
    for (path, settings, outcome) in cases {
        assert_eq!(verdict(path, [0, 7, 5], stale, &settings).outcome, outcome, "{path} {settings:?}");
    }
}

#[test]
fn hashes_are_compared_when_they_are_to_be() {
    let path = "__pycache__/a.cpython-313.pyc";
    let cases = [
        (3, HashChecks::Default, 5, State::Fresh, Outcome::Used),
        (3, HashChecks::Default, 6, State::Stale, Outcome::Rewritten),
        (3, HashChecks::Never, 6, State::Stale, Outcome::Used),
        (1, HashChecks::Default, 6, State::Stale, Outcome::Used),
        (1, HashChecks::Default, 5, State::Fresh, Outcome::Used),
        (1, HashChecks::Always, 6, State::Stale, Outcome::Rewritten),
    ];
    for (flags, hash_checks, size, state, outcome) in cases {
        let settings = Settings { hash_checks, ..Settings::default() };
        let found = verdict(path, [flags, 1, 2], Some((9, size)), &settings);
        assert_eq!((found.state, found.outcome), (state, outcome), "{flags} {hash_checks:?} {size}");
    }
}

#[test]
fn without_source() {
    let orphan = verdict("__pycache__/a.cpython-313.pyc", [0, 7, 5], None, &Settings::default());
    assert_eq!((orphan.state, orphan.reason), (State::Orphaned, Reason::SourceIsMissing));
    let module = verdict("a.pyc", [0, 7, 5], None, &Settings::default());
    assert_eq!((module.outcome, module.reason), (Outcome::Used, Reason::Sourceless));
    let other = Settings { interpreter: Some(Interpreter::cpython(3, 12)), ..Settings::default() };
    let other = verdict("a.pyc", [0, 7, 5], None, &other);
    assert_eq!((other.state, other.outcome), (State::WrongVersion, Outcome::ImportFails { error: "ImportError" }));
}
