//! The two C libraries that a runtime is built for, and the names that follow from each.

/// A C library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CLibrary {
    /// The host's glibc, which the dynamic loader finds: programs can use the shared libraries of wheels and of the host.
    Glibc,
    /// musl, in the program itself: it needs nothing of its host, loads no shared library, and starts sooner.
    Musl,
}

impl CLibrary {
    /// The target as GNU tools name it.
    pub(super) fn gnu_target(self) -> &'static str {
        match self {
            Self::Glibc => "x86_64-linux-gnu",
            Self::Musl => "x86_64-linux-musl",
        }
    }

    /// The target as Rust names it. The stub itself is compiled for [`super::TARGET`] in both cases: it has no standard
    /// library, and the structures that it shares with the C library are the kernel's.
    pub(super) fn rust_target(self) -> &'static str {
        match self {
            Self::Glibc => super::TARGET,
            Self::Musl => "x86_64-unknown-linux-musl",
        }
    }

    /// A word for steps and folders.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Glibc => "glibc",
            Self::Musl => "musl",
        }
    }
}
