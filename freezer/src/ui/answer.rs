//! Why something is inside an executable, or why not, in words.

use super::libraries::{needs, some_of};
use super::size_text;
use crate::contents::{LeftOutReason, MissingImport, Owner, Reason, Temperature};
use crate::inspect::{Answer, Step};
use crate::payload::ManifestLibrary;

/// Libraries that need one, before "and … more".
const USER_LIMIT: usize = 3;

/// What `pyfreeze why` says.
#[must_use]
pub fn answer(answer: &Answer) -> String {
    match answer {
        Answer::Module { name, path, owner, temperature, chain, distribution } => {
            let owner = owner_words(owner, distribution.as_deref());
            let why = match temperature {
                Temperature::Hot => chain_words(chain),
                Temperature::Cold => {
                    "  no import leads to it; it came along, compressed, in case of a dynamic import\n".to_owned()
                }
            };
            format!("{name}  {path}\n{why}  of {owner}\n")
        }
        Answer::Library { library, chain, needed_by, distribution } => {
            let owner = owner_words(&library.owner, distribution.as_deref());
            let owner = if library.is_carried { "the runtime" } else { owner.as_str() };
            format!("{}  of {owner}\n", library_words(library, chain, needed_by))
        }
        Answer::File { path, owner, distribution } => {
            format!("{path}\n  a file of {}\n", owner_words(owner, distribution.as_deref()))
        }
        Answer::Builtin { name } => format!("{name}\n  in the interpreter itself\n"),
        Answer::Absent { name, why, wanted, nearest } => absent(name, why.as_ref(), wanted.as_ref(), nearest),
    }
}

fn library_words(library: &ManifestLibrary, chain: &[Step], needed_by: &[String]) -> String {
    let mut text = match &library.module {
        Some(module) => format!("{module}  {}\n{}", library.path, chain_words(chain)),
        None => format!("{}\n", library.path),
    };
    if !needed_by.is_empty() {
        let names: Vec<&str> = needed_by.iter().map(String::as_str).collect();
        text += &format!("  needed by {}\n", some_of(&names, USER_LIMIT));
    } else if library.module.is_none() {
        text += "  neither an import nor a library leads to it; it came along in case the program loads it\n";
    }
    text += &match &library.copied_because {
        Some(reason) => format!("  {}, copied: {reason}\n", size_text(library.file_size)),
        None => format!("  {}, mapped from the executable\n", size_text(library.file_size)),
    };
    let needs = needs(library).into_iter().map(|line| format!("  {line}\n"));
    text + &needs.collect::<String>()
}

fn chain_words(chain: &[Step]) -> String {
    let mut text = String::new();
    for (position, step) in chain.iter().enumerate() {
        let reason = step.reason.map(reason_words).unwrap_or("");
        let words = match (position, reason) {
            (_, "") => step.name.clone(),
            (0, reason) => format!("{}  ({reason})", step.name),
            (_, reason) => format!("→ {}  ({reason})", step.name),
        };
        text += &format!("  {}{words}\n", "  ".repeat(position));
    }
    text
}

fn reason_words(reason: Reason) -> &'static str {
    match reason {
        Reason::Program => "the program",
        Reason::Interpreter => "the interpreter needs it",
        Reason::Import => "imported",
        Reason::Condition => "imported under a condition",
        Reason::Function => "imported in a function",
        Reason::Try => "imported where an ImportError is caught",
        Reason::Main => "imported when run as a program",
        Reason::Compiled => "named in a shared library",
        Reason::Text => "named in a text",
        Reason::Recipe => "needed, says a recipe",
        Reason::Include => "an include setting",
        Reason::EntryPoint => "an entry point",
        Reason::Lock => "seen by a trace",
    }
}

fn owner_words(owner: &Owner, reason: Option<&str>) -> String {
    match owner {
        Owner::Project => "the project".into(),
        Owner::StandardLibrary => "the standard library".into(),
        Owner::Settings => "the settings (`--data`)".into(),
        Owner::Distribution(name) => {
            reason.map_or_else(|| format!("`{name}`"), |reason| format!("`{name}`, which is {reason}"))
        }
    }
}

fn absent(name: &str, why: Option<&LeftOutReason>, wanted: Option<&MissingImport>, nearest: &[String]) -> String {
    let reason = match why {
        Some(LeftOutReason::Excluded) => format!("left out by `exclude`; drop the pattern that covers `{name}`"),
        Some(LeftOutReason::Pruned) => format!("left out by `--prune`; include it with `--include {name}`"),
        Some(LeftOutReason::Distribution(distribution)) => format!(
            "of `{distribution}`, which no import leads to; include it with `--include {name}` or `--include-distribution {distribution}`"
        ),
        Some(LeftOutReason::Missing) => {
            "it was not found when the program was built; install it in the environment given by `--venv`, or have \
             pyfreeze install it (`-r FILE`, `--install`)"
                .into()
        }
        None => "the build knew no such module or file".into(),
    };
    let mut text = format!("{name}\n  not inside: {reason}\n");
    if let Some(MissingImport { wanted_by, is_optional, .. }) = wanted {
        let kind = if *is_optional { "an optional import of" } else { "imported by" };
        text += &format!("  {kind} {}\n", wanted_by.join(", "));
    }
    if !nearest.is_empty() {
        text += &format!("  inside are: {}\n", nearest.join(", "));
    }
    text
}
