//! Whether both archives are there and can be read from their first to their last byte.

use diagnostics::{At, Finding, FindingText};

use crate::archive::{Archive, State};
use crate::checks::{Context, REBUILD};
use crate::codes::{EMPTY, GZIP_CORRUPT, MISSING, NOT_GZIP, OVER_LIMIT, TAR_CORRUPT, TRAILING, TRUNCATED, UNREADABLE};
use crate::stop::Stop;

/// An archive that is not there.
pub(crate) fn missing(context: &Context<'_>) -> Vec<Finding> {
    let missing = context.archives().into_iter().filter(|archive| matches!(archive.state, State::Missing));
    let finding = |archive: &Archive| {
        let expected = format!("a file {}", archive.path.display());
        let next = "run `cargo xtask build-image`, or name the folder that holds the archives with `--dist DIR`";
        MISSING.finding(At::subject(archive.name), FindingText { expected: &expected, found: "no such file", next })
    };
    missing.map(finding).collect()
}

/// An archive that could not be read to its end.
pub(crate) fn stopped(context: &Context<'_>) -> Vec<Finding> {
    let finding = |archive: &Archive| archive.stop().map(|stop| explain(archive, stop));
    context.archives().into_iter().filter_map(finding).collect()
}

fn explain(archive: &Archive, stop: &Stop) -> Finding {
    let at = At::subject(archive.name);
    let broken_copy = "run `cargo xtask build-image`; if the archive was copied, compare its size with the original's";
    let whole = "an archive that is complete";
    match stop {
        Stop::Unreadable(reason) => {
            let next = format!("check it with `ls -l {}`", archive.path.display());
            UNREADABLE.finding(at, FindingText { expected: "a file that can be read", found: reason, next: &next })
        }
        Stop::Empty => EMPTY.finding(
            at,
            FindingText {
                expected: "a tar file compressed with gzip",
                found: "a file without a single byte",
                next: REBUILD,
            },
        ),
        Stop::NotGzip(found) => {
            NOT_GZIP.finding(at, FindingText { expected: "a tar file compressed with gzip", found, next: REBUILD })
        }
        Stop::GzipTruncated => TRUNCATED
            .finding(at, FindingText { expected: whole, found: "a gzip stream that ends early", next: broken_copy }),
        Stop::TarTruncated(place) => TRUNCATED.finding(
            at,
            FindingText {
                expected: whole,
                found: &format!("a tar stream that ends early, {place}"),
                next: broken_copy,
            },
        ),
        Stop::GzipCorrupt(reason) => {
            let found = format!("damaged data ({reason})");
            GZIP_CORRUPT.finding(
                at,
                FindingText { expected: "a gzip stream with the right checksum", found: &found, next: broken_copy },
            )
        }
        Stop::TarCorrupt(reason) => TAR_CORRUPT.finding(
            at,
            FindingText { expected: "a tar stream that every tar reads alike", found: reason, next: REBUILD },
        ),
        Stop::OverLimit(excess) => {
            let at = At { entry: excess.entry.as_deref(), ..at };
            let next = "look for what does not belong there with `tar -tvzf`; fix \"files\" of its package.json";
            OVER_LIMIT.finding(at, FindingText { expected: &excess.limit, found: &excess.found, next })
        }
    }
}

/// Something behind an archive's end, which some readers refuse and others ignore.
pub(crate) fn trailing(context: &Context<'_>) -> Vec<Finding> {
    let finding = |archive: &Archive| match &archive.state {
        State::Read(read) => read.trailing.map(|found| {
            TRAILING.finding(
                At::subject(archive.name),
                FindingText { expected: "nothing after the end of the archive", found, next: REBUILD },
            )
        }),
        State::Missing | State::Refused(_) => None,
    };
    context.archives().into_iter().filter_map(finding).collect()
}
