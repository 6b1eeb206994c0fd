//! What is wrong, as data: problems of a repository, findings and their baselines, text that is safe on a terminal.

mod baseline;
mod bytes;
mod finding;
mod message;
mod nearest;
mod problem;
mod secrets;
mod text;

pub use baseline::{Accepted, Baseline, BaselineResult, Subjects, Verifier};
pub use bytes::{binary_size, decimal_size, gigabytes, megabytes};
pub use finding::{At, Finding, FindingKind, FindingText, Severity};
pub use message::{CheckFailed, Failed, Message, WrongUsage, write_hint};
pub use nearest::nearest;
pub use problem::{Position, Problem, Problems};
pub use secrets::{SecretShape, is_secret_name, scan_for_secrets};
pub use text::{escaped, few, hexadecimal, printable};
