//! Why the reading of an archive ended before its end.

/// The first defect that makes the rest of an archive unreadable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The operating system's reason.
    Unreadable(String),
    /// The file has no bytes.
    Empty,
    /// What the file seems to be instead of gzip.
    NotGzip(String),
    /// The gzip stream ends in its middle.
    GzipTruncated,
    /// The gzip stream is damaged, with the decoder's reason.
    GzipCorrupt(String),
    /// The tar stream ends in its middle: where.
    TarTruncated(String),
    /// The tar stream is damaged: how.
    TarCorrupt(String),
    /// There is more than [`crate::limits::Limits`] allow.
    OverLimit(Excess),
}

/// What went over a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Excess {
    /// The entry at which it did, when it was one.
    pub(crate) entry: Option<String>,
    /// The limit, as the end of "expected …".
    pub(crate) limit: String,
    /// What there is, as the end of "found …".
    pub(crate) found: String,
}

impl Stop {
    /// Over a limit.
    pub(crate) fn over(entry: Option<&str>, limit: impl Into<String>, found: impl Into<String>) -> Self {
        Self::OverLimit(Excess { entry: entry.map(str::to_owned), limit: limit.into(), found: found.into() })
    }
}
