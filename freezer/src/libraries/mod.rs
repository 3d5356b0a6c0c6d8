//! Shared libraries: extension modules and what they need, made ready to run from memory.
//!
//! Comes in: the libraries among the contents, the runtime. Goes out: a [`LibraryPlan`]: which libraries go in, what
//! each needs, how each is brought to run; and, once the payload knows where everything lies, linked images.
//! Nothing of the build machine's own libraries is looked at.

mod elf;
mod error;
mod host;
mod link;
mod needed;
mod plan;
mod stub;

pub use error::{LibraryError, MissingLibrary};
pub use host::GlibcVersion;
pub use plan::{GlibcFloor, LibraryFiles, LibraryOptions, LibraryPlan, Native, Needs, PlannedLibrary};
