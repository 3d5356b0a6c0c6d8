//! What people see: messages and progress on stderr, summaries and tables on stdout.
//!
//! Comes in: finished facts. Goes out: text. Nothing here decides anything, and colour never carries meaning.

mod answer;
mod bench;
mod bench_changes;
mod bench_progress;
mod difference;
mod dis;
mod extract;
mod libraries;
mod licenses;
mod messages;
mod metadata;
mod progress;
mod pyc;
mod size_tree;
mod snapshot;
mod summary;
mod text;
mod verify;

pub use answer::answer;
pub use bench::bench_table;
pub use bench_changes::changes_table;
pub use bench_progress::BenchBar;
pub use difference::difference_text;
pub use dis::{DisParts, dis_text};
pub use extract::extract_summary;
pub use libraries::library_list;
pub use licenses::license_text;
pub use messages::{Messages, Style};
pub use metadata::metadata_text;
pub use progress::Bar;
pub use pyc::{pyc_caches, pyc_page, pyc_table, pyc_tree};
pub use size_tree::size_tree_text;
pub use snapshot::snapshot_list;
pub use summary::{build_summary, inspect_summary};
pub use text::{count_text, duration_text, hexadecimal_text, seconds_text, size_text};
pub use verify::{verified, verify_problem};
