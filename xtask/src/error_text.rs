//! Errors as people read them: the error, its causes, and what to do.

use std::error::Error;

use diagnostics::{CheckFailed, Failed, Message, WrongUsage, write_hint};
use image::ImageError;
use process::EngineError;

/// What to do about a full disk.
const MAKE_ROOM: &str = "make room on its disk; `cargo xtask clean --report` lists what this tool keeps";

/// The error and its causes in one line, then what hints any of them has.
pub(crate) fn message(error: &anyhow::Error) -> String {
    let mut causes: Vec<Message> = error.chain().map(of_cause).collect();
    // Some errors have their cause in their own text.
    causes.dedup_by(|cause, before| cause.hint.is_none() && before.text.ends_with(cause.text.as_str()));
    let is_full = |cause: &(dyn Error + 'static)| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::StorageFull)
    };
    if causes.iter().all(|cause| cause.hint.is_none()) && error.chain().any(is_full) {
        causes.push(Message::new("").hint(MAKE_ROOM));
    }
    let texts: Vec<&str> = causes.iter().map(|cause| cause.text.as_str()).filter(|text| !text.is_empty()).collect();
    let mut message = texts.join(": ");
    for cause in &causes {
        // A string takes everything.
        let _ = write_hint(&mut message, cause.hint.as_deref());
    }
    message
}

/// An error without what to do about it, nor its causes.
#[cfg(any(test, feature = "maintainer"))]
pub(crate) fn without_hint(error: &anyhow::Error) -> String {
    of_cause(error.as_ref()).text
}

/// One of the causes of an error. Several problems have a hint for each of them, where it is.
fn of_cause(cause: &(dyn Error + 'static)) -> Message {
    if let Some(error) = cause.downcast_ref::<EngineError>() {
        Message { text: error.text(), hint: error.hint().map(str::to_owned) }
    } else if let Some(ImageError::Refused { reason, hint }) = cause.downcast_ref() {
        Message::new(reason).hint(hint)
    } else if let Some(CheckFailed(message)) = cause.downcast_ref() {
        message.clone()
    } else if let Some(WrongUsage(message)) = cause.downcast_ref() {
        message.clone()
    } else if let Some(failed) = cause.downcast_ref::<Failed>() {
        failed.message.clone()
    } else {
        Message::new(cause.to_string())
    }
}

#[cfg(test)]
mod tests {
    use diagnostics::{Problem, Problems};

    use super::*;

    fn io(kind: std::io::ErrorKind) -> std::io::Error {
        kind.into()
    }

    #[test]
    fn hints_come_last() {
        let writing = Failed::from_cause(Message::new("writing a").hint("name another place"));
        let error = anyhow::Error::from(writing(std::io::Error::other("disk full"))).context("saving");
        assert_eq!(message(&error), "saving: writing a: disk full\n  hint: name another place");
        let error = anyhow::Error::from(EngineError::io("reading x")(std::io::Error::other("broken disk")));
        assert_eq!(message(&error), "reading x: broken disk");
        let error = anyhow::Error::from(EngineError::io("writing x")(std::io::ErrorKind::StorageFull.into()));
        assert!(message(&error).starts_with("writing x: no storage space\n  hint: make room"), "{}", message(&error));
        let full = Failed::from_cause(Message::new("writing a").hint("b"))(io(std::io::ErrorKind::StorageFull));
        assert_eq!(message(&full.into()), "writing a: no storage space\n  hint: b");
        let problem = |name: &str| Problem::new(name, "b", "c", "d");
        let problems = Problems(vec![problem("a"), problem("e")]);
        let text = "a: found b, expected c\n  hint: d\ne: found b, expected c\n  hint: d";
        assert_eq!(message(&problems.into()), text);
        let missing = EngineError::Missing { what: "a".to_owned(), details: Vec::new(), hint: "b".to_owned() };
        let error = anyhow::Error::from(missing).context("c");
        assert_eq!((message(&error).as_str(), without_hint(&error).as_str()), ("c: a\n  hint: b", "c"));
    }
}
