//! Source text becomes code bytes and import facts.
//!
//! Comes in: sources with the path under which the program will see them. Goes out: for each its canonical code
//! bytes and its [`Scan`], or what is wrong with it. The runtime's own Python compiles, in worker processes that
//! are started only when the cache lacks something. Nothing here knows what a project or a package is.

mod scan;

mod cache;
mod compiler;
mod diagnostic;
mod library;
mod server;
mod tree;

pub use cache::{Cache, default_cache_folder};
pub use compiler::{CompileRequest, Compiled, Compiler, CompilerOptions, Outcome, SourceText, Statistics};
pub use diagnostic::Diagnostic;
pub use library::{Library, LibraryFile, LibraryModule, SourceReader};
pub use scan::{Context, Import, Scan};
pub use server::BytecodeError;
pub use tree::{CompiledTree, TreeModule, TreeSource, compile_tree, module_name};

use serde::{Deserialize, Serialize};

/// How far code is optimized, as `sys.flags.optimize`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Optimization {
    /// As `python`.
    #[default]
    None,
    /// As `python -O`: without `assert`.
    Asserts,
    /// As `python -OO`: without `assert` and docstrings.
    Docstrings,
}

impl Optimization {
    /// 0, 1 or 2.
    #[must_use]
    pub const fn level(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Asserts => 1,
            Self::Docstrings => 2,
        }
    }
}

impl From<Optimization> for u8 {
    fn from(optimization: Optimization) -> Self {
        optimization.level()
    }
}

impl TryFrom<u8> for Optimization {
    type Error = String;

    fn try_from(level: u8) -> Result<Self, Self::Error> {
        match level {
            0 => Ok(Self::None),
            1 => Ok(Self::Asserts),
            2 => Ok(Self::Docstrings),
            _ => Err(format!("optimization is 0, 1 or 2, not {level}")),
        }
    }
}

#[cfg(test)]
pub(crate) use compiler::tests;
