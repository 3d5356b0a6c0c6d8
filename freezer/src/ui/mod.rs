//! What people see: messages and progress on stderr, summaries and tables on stdout.
//!
//! Comes in: finished facts. Goes out: text. Nothing here decides anything, and colour never carries meaning.

mod answer;
mod dis;
mod libraries;
mod messages;
mod progress;
mod pyc;
mod snapshot;
mod summary;
mod text;

pub use answer::answer;
pub use dis::{DisParts, dis_text};
pub use libraries::library_list;
pub use messages::{Messages, Style};
pub use progress::Bar;
pub use pyc::{pyc_caches, pyc_page, pyc_table, pyc_tree};
pub use snapshot::snapshot_list;
pub use summary::{build_summary, inspect_summary};
pub use text::{count_text, duration_text, size_text};
