//! Whether the servers that a build fetches from answer, and whether their clocks agree with this one.

use std::path::Path;
use std::time::{Duration, SystemTime};

use builder::without_credentials;
use process::{EngineError, Interrupt};
use rootfs::{Answer, servers};

use super::line::Line;
use crate::flags::Doctor;

/// Certificates and signatures of a release are refused by a clock that is wrong by more.
const SKEW: Duration = Duration::from_secs(5 * 60);
const REACH: &str = "check the network, HTTP_PROXY and HTTPS_PROXY, `--ca-file FILE` and `--mirror URL`";

pub(super) fn lines(flags: &Doctor, registry: Option<&str>, shared: &Path, interrupt: &Interrupt) -> Vec<Line> {
    let mut clock = None;
    let mut lines = Vec::new();
    for server in servers(registry, &flags.mirror) {
        let place = without_credentials(&server.address);
        match server.ask(shared, flags.ca_file.as_deref(), interrupt) {
            Ok(answer) => {
                lines.push(reached(server.what, &place, &answer));
                clock = clock.or_else(|| self::clock(&answer, SystemTime::now()));
            }
            Err(error) => lines.push(Line::failed(server.what, format!("{place}: {}", why(&error)), REACH)),
        }
    }
    lines.extend(clock);
    lines
}

/// A registry may have no such file, and answers all the same.
fn reached(what: &'static str, place: &str, answer: &Answer) -> Line {
    match answer.status {
        401 | 403 | 407 => Line::failed(
            what,
            format!("{place} answers {}: it does not let you in", answer.status),
            "give your token in ~/.npmrc, or the password of the proxy in HTTPS_PROXY",
        ),
        200..=499 => Line::ok(what, format!("{place} answers")),
        status => Line::failed(what, format!("{place} answers {status}"), REACH),
    }
}

/// curl's own last line.
fn why(error: &EngineError) -> String {
    match error {
        EngineError::Failed { tail, .. } => tail.last().cloned().unwrap_or_default(),
        EngineError::Missing { what, .. } => what.clone(),
        other => other.to_string(),
    }
}

fn clock(answer: &Answer, now: SystemTime) -> Option<Line> {
    let theirs = httpdate::parse_http_date(answer.date.as_deref()?).ok()?;
    let (difference, word) = match now.duration_since(theirs) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    let found = format!("{} s {word} the servers' clocks", difference.as_secs());
    Some(match difference <= SKEW {
        true => Line::ok("clock", found),
        false => Line::failed("clock", found, "set it, such as by `timedatectl set-ntp true`"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::line::LineState;

    fn answer(status: u16, date: &str) -> Answer {
        Answer { status, date: Some(date.to_owned()) }
    }

    #[test]
    fn a_clock_that_is_wrong() {
        let theirs = "Mon, 23 Nov 2026 02:00:00 GMT";
        let at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let said = |seconds| clock(&answer(200, theirs), at(seconds)).unwrap();
        assert_eq!(said(1_795_399_202), Line::ok("clock", "2 s ahead of the servers' clocks"));
        assert_eq!(said(1_795_399_200 - 301).found, "301 s behind the servers' clocks");
        assert_eq!(said(1_795_399_200 - 301).state, LineState::Failed);
        assert_eq!(clock(&answer(200, "now"), at(0)), None);
    }

    #[test]
    fn who_is_not_let_in_is_told_so() {
        let state = |status| reached("npm registry", "https://npm.example.com", &answer(status, "")).state;
        assert_eq!([200, 404, 401, 407, 502, 0].map(state), {
            use LineState::{Failed, Ok};
            [Ok, Ok, Failed, Failed, Failed, Failed]
        });
    }
}
