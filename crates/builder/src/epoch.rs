//! Reproducible times (reproducible-builds.org).

/// The time of every file, when the caller fixes it by `SOURCE_DATE_EPOCH`, in
/// seconds since 1970.
pub(crate) fn epoch() -> Option<u64> {
    std::env::var("SOURCE_DATE_EPOCH").ok()?.parse().ok()
}
