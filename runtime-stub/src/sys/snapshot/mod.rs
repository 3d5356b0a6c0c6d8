//! The start-up snapshot: recorded once by the build, resumed by every start.
//!
//! Comes in: a process that the build has started to be recorded, or one whose payload ends with a snapshot. Goes out: the
//! files of a recording, or an interpreter that is where the recorded one was. Whatever doesn't fit is noticed before
//! anything is changed, and the ordinary start follows.

mod guards;
mod map;
mod memory;
mod numbers;
mod processor;
mod record;
mod resume;
mod stack;

pub(crate) use map::anonymous;
pub(crate) use memory::{around_fork, is_recording};
pub(crate) use numbers::allowed as allowed_processors;
pub use record::Recording;
pub(crate) use record::{
    Found, certificates, clear_stack, hides, note_answer, note_asked, note_file, note_library, of_machine,
};
pub use resume::resume;
