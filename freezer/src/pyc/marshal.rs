//! The code objects in marshal data, of any version from 2.7 on.
//!
//! Comes in: the bytes behind a header. Goes out: the [`CodeObject`]s, outermost first, or what is wrong. It never panics, never
//! recurses, never trusts a length, and calls nothing damaged that CPython would load: what it does not look at (digits,
//! encodings) may still be wrong.
//!
//! The types are those of CPython's `Python/marshal.c`, versions 2 to 5; PyPy has the same.

use std::fmt;

use pyfreeze_format::{Cursor, FormatError};
use serde::Serialize;

use super::header::Header;
use super::magic::Implementation;

const FLAG_REF: u8 = 0x80;
const REFERENCE: u8 = b'r';
const NULL: u8 = b'0';

/// The first number of CPython 3.8 with positional-only parameters, of 3.11 with the layout that lasts until now.
const FIRST_WITH_POSITIONAL_ONLY: u16 = 3410;
const FIRST_OF_NEW_LAYOUT: u16 = 3494;
const FIRST_OF_NEW_VERSION: u16 = 3450;

/// One code object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CodeObject {
    /// Its name; `<module>` for a module's.
    pub name: String,
    /// Its name with those of what it is in, from 3.11.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualname: Option<String>,
    /// The path that the compiler was told.
    #[serde(skip)]
    pub filename: String,
    /// How many code objects it is in.
    pub depth: usize,
    /// Its first line.
    pub first_line: u32,
    /// Bytes of bytecode.
    pub bytecode_size: u64,
    /// Constants.
    pub constant_count: u64,
    /// Names of globals and attributes.
    pub name_count: u64,
}

/// Why bytes are not the marshal data of a code object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "problem")]
pub enum MarshalError {
    /// Bytes are missing at the end.
    CutOff,
    /// A type that `marshal` does not write.
    UnknownType {
        /// Its letter.
        letter: u8,
    },
    /// A reference to an object that is not there.
    UnknownReference,
    /// A length below zero.
    Length,
    /// Something else than a code object.
    NoCode,
}

impl fmt::Display for MarshalError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutOff => formatter.write_str("its code is cut off"),
            Self::UnknownType { letter } => write!(formatter, "its code holds an unknown type: {letter:#04x}"),
            Self::UnknownReference => formatter.write_str("its code refers to an object that is not there"),
            Self::Length => formatter.write_str("its code holds an impossible length"),
            Self::NoCode => formatter.write_str("it holds no code"),
        }
    }
}

impl From<FormatError> for MarshalError {
    fn from(_: FormatError) -> Self {
        Self::CutOff
    }
}

/// What a code object consists of, in the order of the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    /// A number of four bytes that is not looked at.
    Number,
    FirstLine,
    /// An object that is not looked at.
    Object,
    Bytecode,
    Constants,
    Names,
    Filename,
    Name,
    Qualname,
}

use Field::{Bytecode, Constants, Filename, FirstLine, Name, Names, Number, Object, Qualname};

/// code, consts, names, varnames, freevars, cellvars, filename, name; first line; line table.
const OLD_FIELDS: [Field; 10] = [Bytecode, Constants, Names, Object, Object, Object, Filename, Name, FirstLine, Object];
/// code, consts, names, localsplusnames, localspluskinds, filename, name, qualname; first line; line and exception tables.
const NEW_FIELDS: [Field; 11] =
    [Bytecode, Constants, Names, Object, Object, Filename, Name, Qualname, FirstLine, Object, Object];

/// How a version writes a code object: counts (arguments, positional-only, keyword-only, locals, stack, flags), then fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    number_count: usize,
    is_new: bool,
}

impl Layout {
    /// None for versions that had one for a few weeks only, and for those that are not known.
    fn of(header: &Header) -> Option<Self> {
        let interpreter = header.origin.interpreter;
        let old = |number_count| Some(Self { number_count, is_new: false });
        match (interpreter.implementation, interpreter.major, interpreter.minor) {
            (_, 2, 7) => old(4),
            (_, 3, 0..=7) => old(5),
            (Implementation::PyPy, 3, 8..=10) => old(6),
            (Implementation::PyPy, ..) => None,
            (_, 3, _) if header.magic < FIRST_WITH_POSITIONAL_ONLY => old(5),
            (_, 3, _) if header.magic < FIRST_OF_NEW_VERSION => old(6),
            (_, 3, _) if header.magic < FIRST_OF_NEW_LAYOUT => None,
            (_, 3, _) => Some(Self { number_count: 5, is_new: true }),
            _ => None,
        }
    }

    fn field(self, position: usize) -> Option<Field> {
        let fields: &[Field] = if self.is_new { &NEW_FIELDS } else { &OLD_FIELDS };
        position.checked_sub(self.number_count).map_or(Some(Number), |position| fields.get(position).copied())
    }
}

/// What is kept of an object that was read.
#[derive(Clone, Copy)]
enum Value<'a> {
    Text(&'a [u8]),
    Items(u64),
    Code,
    Other,
}

/// An object of which parts are still to be read.
enum Open {
    /// So many more objects.
    Items { left: u64, count: u64 },
    /// Pairs up to a [`NULL`].
    Pairs,
    /// The code object at an index, at the position of a field.
    Code { index: usize, position: usize },
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    layout: Layout,
    codes: Vec<CodeObject>,
    /// With the number that references to it have.
    open: Vec<(Open, Option<usize>)>,
    /// The objects with `FLAG_REF`; none for one that has not ended.
    numbered: Vec<Option<Value<'a>>>,
    /// Python 2's interned strings, which references of their own mean.
    interned: Vec<&'a [u8]>,
}

/// The code objects behind a header, outermost first, each before those in it. None where the version's layout is not
/// known.
///
/// # Errors
/// [`MarshalError`].
pub fn code_objects(header: &Header, marshalled: &[u8]) -> Option<Result<Vec<CodeObject>, MarshalError>> {
    let layout = Layout::of(header)?;
    let cursor = Cursor::new(marshalled);
    let reader =
        Reader { cursor, layout, codes: Vec::new(), open: Vec::new(), numbered: Vec::new(), interned: Vec::new() };
    Some(reader.read())
}

impl<'a> Reader<'a> {
    fn read(mut self) -> Result<Vec<CodeObject>, MarshalError> {
        let mut ended = self.begin()?;
        loop {
            match ended {
                Some(value) if self.open.is_empty() => {
                    return if matches!(value, Value::Code) { Ok(self.codes) } else { Err(MarshalError::NoCode) };
                }
                Some(value) => self.give(value),
                None => {}
            }
            ended = self.go_on()?;
        }
    }

    /// Hands an object to the innermost open one.
    fn give(&mut self, value: Value<'a>) {
        match self.open.last_mut() {
            Some((Open::Items { left, .. }, _)) => *left = left.saturating_sub(1),
            Some((Open::Code { index, position }, _)) => {
                let field = self.layout.field(*position);
                *position = position.saturating_add(1);
                if let (Some(field), Some(code)) = (field, self.codes.get_mut(*index)) {
                    keep(code, field, value);
                }
            }
            Some((Open::Pairs, _)) | None => {}
        }
    }

    /// Goes on with the innermost open object: begins its next part, or ends it.
    fn go_on(&mut self) -> Result<Option<Value<'a>>, MarshalError> {
        match self.open.last() {
            Some((Open::Items { left: 0, count }, _)) => Ok(self.end(Value::Items(*count))),
            Some((Open::Items { .. }, _)) => self.begin(),
            Some((Open::Pairs, _)) if self.cursor.rest().first() == Some(&NULL) => {
                self.cursor.u8()?;
                Ok(self.end(Value::Other))
            }
            Some((Open::Pairs, _)) => self.begin(),
            Some((Open::Code { index, position }, _)) => self.code_field(*index, *position),
            None => Err(MarshalError::NoCode),
        }
    }

    fn code_field(&mut self, index: usize, position: usize) -> Result<Option<Value<'a>>, MarshalError> {
        let field = self.layout.field(position);
        let Some(field) = field else { return Ok(self.end(Value::Code)) };
        if !matches!(field, Number | FirstLine) {
            return self.begin();
        }
        let number = self.cursor.u32()?;
        if let (FirstLine, Some(code)) = (field, self.codes.get_mut(index)) {
            code.first_line = number;
        }
        self.give(Value::Other);
        Ok(None)
    }

    fn end(&mut self, value: Value<'a>) -> Option<Value<'a>> {
        let (_, number) = self.open.pop()?;
        self.number(number, value);
        Some(value)
    }

    fn number(&mut self, number: Option<usize>, value: Value<'a>) {
        if let Some(numbered) = number.and_then(|number| self.numbered.get_mut(number)) {
            *numbered = Some(value);
        }
    }

    /// Begins an object; gives it if that is all of it.
    fn begin(&mut self) -> Result<Option<Value<'a>>, MarshalError> {
        let byte = self.cursor.u8()?;
        let kind = byte & !FLAG_REF;
        match kind {
            REFERENCE => return self.reference().map(Some),
            b'R' => return self.interned().map(Some),
            _ => {}
        }
        // CPython numbers no singletons.
        let is_numbered = byte & FLAG_REF != 0 && !matches!(kind, b'N' | b'F' | b'T' | b'S' | b'.');
        let number = is_numbered.then_some(self.numbered.len());
        self.numbered.extend(number.map(|_| None));
        let open = match kind {
            b')' => Open::items(self.cursor.u8()?.into()),
            b'(' | b'[' | b'<' | b'>' => Open::items(self.length()?),
            b'{' | b'}' => Open::Pairs,
            // slice: start, stop, step
            b':' => Open::items(3),
            b'c' => self.begin_code(),
            _ => {
                let value = self.simple(kind)?;
                self.number(number, value);
                return Ok(Some(value));
            }
        };
        self.open.push((open, number));
        Ok(None)
    }

    fn begin_code(&mut self) -> Open {
        let depth = self.open.iter().filter(|(open, _)| matches!(open, Open::Code { .. })).count();
        self.codes.push(CodeObject { depth, ..CodeObject::default() });
        Open::Code { index: self.codes.len().saturating_sub(1), position: 0 }
    }

    fn reference(&mut self) -> Result<Value<'a>, MarshalError> {
        let number = usize::try_from(self.cursor.u32()?).map_err(|_| MarshalError::UnknownReference)?;
        // One to an object that has not ended is no damage: a recursive list has them.
        let known = self.numbered.get(number).map(|value| value.unwrap_or(Value::Other));
        known.ok_or(MarshalError::UnknownReference)
    }

    fn interned(&mut self) -> Result<Value<'a>, MarshalError> {
        let number = usize::try_from(self.cursor.u32()?).map_err(|_| MarshalError::UnknownReference)?;
        self.interned.get(number).map(|text| Value::Text(text)).ok_or(MarshalError::UnknownReference)
    }

    /// An object without parts.
    fn simple(&mut self, kind: u8) -> Result<Value<'a>, MarshalError> {
        let size = match kind {
            b'N' | b'F' | b'T' | b'S' | b'.' => 0,
            b'i' => 4,
            b'I' | b'g' => 8,
            b'y' => 16,
            // int of 15-bit digits, the sign in their number
            b'l' => u64::from(self.cursor.u32()?.cast_signed().unsigned_abs()).saturating_mul(2),
            b'f' => self.cursor.u8()?.into(),
            b'x' => {
                let real_size = self.cursor.u8()?;
                self.cursor.bytes(real_size.into())?;
                self.cursor.u8()?.into()
            }
            b's' | b't' | b'u' | b'a' | b'A' => self.length()?,
            b'z' | b'Z' => self.cursor.u8()?.into(),
            letter => return Err(MarshalError::UnknownType { letter }),
        };
        let bytes = self.cursor.bytes(usize::try_from(size).map_err(|_| MarshalError::Length)?)?;
        if kind == b't' {
            self.interned.push(bytes);
        }
        let is_text = matches!(kind, b's' | b't' | b'u' | b'a' | b'A' | b'z' | b'Z');
        Ok(if is_text { Value::Text(bytes) } else { Value::Other })
    }

    fn length(&mut self) -> Result<u64, MarshalError> {
        u64::try_from(self.cursor.u32()?.cast_signed()).map_err(|_| MarshalError::Length)
    }
}

impl Open {
    fn items(count: u64) -> Self {
        Self::Items { left: count, count }
    }
}

/// Keeps what is of interest of a code object's part.
fn keep(code: &mut CodeObject, field: Field, value: Value<'_>) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match (field, value) {
        (Bytecode, Value::Text(bytes)) => code.bytecode_size = bytes.len() as u64,
        (Constants, Value::Items(count)) => code.constant_count = count,
        (Names, Value::Items(count)) => code.name_count = count,
        (Filename, Value::Text(bytes)) => code.filename = text(bytes),
        (Name, Value::Text(bytes)) => code.name = text(bytes),
        (Qualname, Value::Text(bytes)) => code.qualname = Some(text(bytes)),
        _ => {}
    }
}
