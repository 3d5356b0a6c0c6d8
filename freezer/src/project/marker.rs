//! Environment markers: `python_version >= "3.9" and extra == "x"` (PEP 508), and those of lock files (PEP 751).
//!
//! Comes in: the text. Goes out: its value for Linux on x86-64 with the runtime's Python, or nothing if it can't be
//! understood.

use std::cmp::Ordering;

use super::normalize;

/// What a marker may ask about.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MarkerEnvironment<'a> {
    /// The full Python version, `3.13.5`.
    pub(crate) python_version: &'a str,
    /// `extra`.
    pub(crate) extra: &'a str,
    /// `extras`: the normalized names of all that are asked for.
    pub(crate) extras: &'a [String],
    /// `dependency_groups`: the normalized names of all that are asked for.
    pub(crate) groups: &'a [String],
}

/// The value of `marker`.
pub(crate) fn evaluate(marker: &str, environment: &MarkerEnvironment<'_>) -> Option<bool> {
    let tokens = tokens(marker)?;
    let mut parser = Parser { tokens: &tokens, environment: *environment, depth: 0 };
    let value = parser.any()?;
    parser.tokens.is_empty().then_some(value)
}

/// Whether `version` is among `specifiers` such as `>=3.9,<4` (PEP 440).
pub(crate) fn satisfies(version: &str, specifiers: &str) -> Option<bool> {
    let holds = |specifier: &str| {
        let size = specifier.find(|letter: char| !"<>=!~".contains(letter))?;
        compare_versions(version, &specifier[..size], specifier[size..].trim())
    };
    let mut specifiers = specifiers.split(',').map(str::trim).filter(|specifier| !specifier.is_empty());
    specifiers.try_fold(true, |all, specifier| Some(all && holds(specifier)?))
}

/// Deeper parentheses are not a marker that anybody wrote.
const MAX_DEPTH: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// `(`, `)`, an operator, a variable or one of `and`, `or`, `in`, `not`.
    Word(String),
    Text(String),
}

fn tokens(marker: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = marker.trim_start();
    while let Some(first) = rest.chars().next() {
        let size = match first {
            '\'' | '"' => {
                let (text, _) = rest[1..].split_once(first)?;
                tokens.push(Token::Text(text.to_owned()));
                rest = rest[text.len() + 2..].trim_start();
                continue;
            }
            '(' | ')' => 1,
            '<' | '>' | '=' | '!' | '~' => rest.find(|character| !"<>=!~".contains(character)).unwrap_or(rest.len()),
            _ => {
                let is_end = |character: char| character.is_whitespace() || "()<>=!~'\"".contains(character);
                rest.find(is_end).unwrap_or(rest.len())
            }
        };
        tokens.push(Token::Word(rest[..size].to_owned()));
        rest = rest[size..].trim_start();
    }
    Some(tokens)
}

struct Parser<'a> {
    tokens: &'a [Token],
    environment: MarkerEnvironment<'a>,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Option<bool> {
        let mut value = self.all()?;
        while self.take("or") {
            value |= self.all()?;
        }
        Some(value)
    }

    fn all(&mut self) -> Option<bool> {
        let mut value = self.one()?;
        while self.take("and") {
            value &= self.one()?;
        }
        Some(value)
    }

    fn one(&mut self) -> Option<bool> {
        if !self.take("(") {
            return self.comparison();
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let value = self.any()?;
        self.depth -= 1;
        self.take(")").then_some(value)
    }

    fn comparison(&mut self) -> Option<bool> {
        let (left, left_is_version) = self.value()?;
        let operator = self.next_word()?;
        let is_negated = operator == "not" && self.take("in");
        if let Some(set) = self.take_set() {
            let has = set.contains(&normalize(&left));
            return if is_negated { Some(!has) } else { (operator == "in").then_some(has) };
        }
        let (right, right_is_version) = self.value()?;
        if (left_is_version || right_is_version)
            && let Some(value) = compare_versions(&left, &operator, &right)
        {
            return Some(value);
        }
        match operator.as_str() {
            "==" | "===" => Some(left == right),
            "!=" => Some(left != right),
            "in" => Some(right.contains(&left)),
            "not" if is_negated => Some(!right.contains(&left)),
            "<" => Some(left < right),
            "<=" => Some(left <= right),
            ">" => Some(left > right),
            ">=" => Some(left >= right),
            _ => None,
        }
    }

    /// A text or a variable's value, and whether the variable is a version.
    fn value(&mut self) -> Option<(String, bool)> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        let name = match first {
            Token::Text(text) => return Some((text.clone(), false)),
            Token::Word(name) => name,
        };
        let python = self.environment.python_version;
        Some(match name.as_str() {
            "python_version" => (python.split('.').take(2).collect::<Vec<_>>().join("."), true),
            "python_full_version" | "implementation_version" => (python.to_owned(), true),
            "extra" => (self.environment.extra.to_owned(), false),
            "os_name" | "os.name" => ("posix".into(), false),
            "sys_platform" | "sys.platform" => ("linux".into(), false),
            "platform_system" => ("Linux".into(), false),
            "platform_machine" | "platform.machine" => ("x86_64".into(), false),
            "platform_python_implementation" | "python_implementation" => ("CPython".into(), false),
            "implementation_name" => ("cpython".into(), false),
            _ => return None,
        })
    }

    /// A variable whose value is a set of names.
    fn take_set(&mut self) -> Option<&'a [String]> {
        let environment = self.environment;
        if self.take("extras") {
            return Some(environment.extras);
        }
        self.take("dependency_groups").then_some(environment.groups)
    }

    fn take(&mut self, word: &str) -> bool {
        match self.tokens.split_first() {
            Some((Token::Word(found), rest)) if found == word => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    fn next_word(&mut self) -> Option<String> {
        let Some((Token::Word(word), rest)) = self.tokens.split_first() else { return None };
        self.tokens = rest;
        Some(word.clone())
    }
}

/// `None` when a side is no version, or the operator none for versions.
fn compare_versions(left: &str, operator: &str, right: &str) -> Option<bool> {
    let (right, is_prefix) = right.strip_suffix(".*").map_or((right, false), |right| (right, true));
    let (left, right) = (version(left)?, version(right)?);
    let start = |size: usize| left.iter().copied().chain(std::iter::repeat(0)).take(size).collect::<Vec<_>>();
    let ordering = compare(&left, &right);
    Some(match operator {
        "==" if is_prefix => start(right.len()) == right,
        "!=" if is_prefix => start(right.len()) != right,
        "==" | "===" => ordering == Ordering::Equal,
        "!=" => ordering != Ordering::Equal,
        "<" => ordering == Ordering::Less,
        "<=" => ordering != Ordering::Greater,
        ">" => ordering == Ordering::Greater,
        ">=" => ordering != Ordering::Less,
        "~=" => ordering != Ordering::Less && start(right.len() - 1) == right[..right.len() - 1],
        _ => return None,
    })
}

fn version(text: &str) -> Option<Vec<u32>> {
    text.trim().split('.').map(|part| part.parse().ok()).collect()
}

fn compare(left: &[u32], right: &[u32]) -> Ordering {
    let size = left.len().max(right.len());
    let padded = |version: &[u32]| version.iter().copied().chain(std::iter::repeat(0)).take(size).collect::<Vec<_>>();
    padded(left).cmp(&padded(right))
}

#[cfg(test)]
mod tests {
    use super::{MarkerEnvironment, evaluate, satisfies};

    #[test]
    fn markers_of_locks() {
        let (extras, groups) = (["a-b".to_owned()], ["dev".to_owned()]);
        let environment = MarkerEnvironment { python_version: "3.13.5", extra: "x", extras: &extras, groups: &groups };
        let holds = |marker: &str| evaluate(marker, &environment);
        assert_eq!(holds("'A_b' in extras"), Some(true));
        assert_eq!(holds("'c' in extras or 'dev' not in dependency_groups"), Some(false));
        assert_eq!(holds("python_full_version >= '3.13.5' and python_version < '3.14'"), Some(true));
        assert_eq!(holds("extras == 'x'"), None);
    }

    #[test]
    fn versions_in_ranges() {
        assert_eq!(satisfies("3.13.5", ">=3.9, <4"), Some(true));
        assert_eq!(satisfies("3.13.5", ">=3.14"), Some(false));
        assert_eq!(satisfies("3.13.5", "==3.13.*,!=3.13.5"), Some(false));
        assert_eq!(satisfies("3.13.5", ""), Some(true));
        assert_eq!(satisfies("3.13.5", "what"), None);
    }
}
