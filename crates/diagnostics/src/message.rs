//! What to do about an error: a field beside its text, and put behind it in one place.

use std::error::Error;
use std::fmt;

/// A text for people, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What is wrong.
    pub text: String,
    /// The next command or edit.
    pub hint: Option<String>,
}

impl Message {
    /// A text without a hint.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), hint: None }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Message {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)?;
        write_hint(out, self.hint.as_deref())
    }
}

/// Puts a hint behind the text of an error: the one place that knows how it looks.
///
/// # Errors
/// The formatter refused.
pub fn write_hint(out: &mut impl fmt::Write, hint: Option<&str>) -> fmt::Result {
    match hint {
        Some(hint) => write!(out, "\n  hint: {hint}"),
        None => Ok(()),
    }
}

/// The repository or what was made from it fails a check; the message has all there is to know.
#[derive(Debug)]
pub struct CheckFailed(pub Message);

/// A wrong command line that the parser could not know to be one.
#[derive(Debug)]
pub struct WrongUsage(pub Message);

/// Another error of which only the message matters.
#[derive(Debug)]
pub struct Failed {
    /// What was attempted, or what is wrong.
    pub message: Message,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl CheckFailed {
    /// A failure with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Message::new(text))
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self(self.0.hint(hint))
    }
}

impl WrongUsage {
    /// A failure with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Message::new(text))
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self(self.0.hint(hint))
    }
}

impl Failed {
    /// An error without a cause.
    pub fn new(message: Message) -> Self {
        Self { message, source: None }
    }

    /// What was attempted when a cause came up.
    pub fn from_cause<E: Error + Send + Sync + 'static>(message: Message) -> impl FnOnce(E) -> Self {
        move |cause| Self { message, source: Some(Box::new(cause)) }
    }
}

impl fmt::Display for CheckFailed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Display for WrongUsage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message.fmt(out)
    }
}

impl Error for CheckFailed {}

impl Error for WrongUsage {}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_stands_behind_the_text() {
        assert_eq!(Message::new("a").to_string(), "a");
        assert_eq!(CheckFailed::new("a").hint("b").to_string(), "a\n  hint: b");
        let failed = Failed::from_cause(Message::new("reading x").hint("y"))(std::io::Error::other("z"));
        assert_eq!(failed.to_string(), "reading x\n  hint: y");
        assert_eq!(failed.source().map(ToString::to_string).as_deref(), Some("z"));
    }
}
