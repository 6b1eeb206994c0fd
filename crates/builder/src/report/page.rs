//! The page: everything as text, put into `assets/report.html`.

use containers::LocalImage;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::build_report::unix_seconds;
use super::facts::{EngineName, Facts};
use super::found::Found;
use super::sizes::{Sizes, sizes};
use super::timeline::{Bar, StepOutcome, covered, critical_path, tick};
use super::words::{bytes, change_of_bytes, change_of_seconds, count, percent, plain, seconds};
use crate::git::rfc3339;

const TEMPLATE: &str = include_str!("../../../../assets/report.html");

/// How a build ended.
#[derive(Debug)]
pub(crate) enum BuildResult<'a> {
    Done(&'a LocalImage),
    /// With the message of the error.
    Failed(String),
}

#[derive(Debug, Serialize)]
struct Page<'a> {
    reference: &'a str,
    engine: &'static str,
    /// Whether the engine says why a step ran.
    knows_why: bool,
    /// In RFC 3339, and for people.
    ended: String,
    ended_text: String,
    /// What failed; nothing when nothing did.
    error: Option<String>,
    time: String,
    time_change: String,
    image: Option<ImageView>,
    /// Bytes of the layers that a failed build made.
    assembled: String,
    previous: Option<PreviousView>,
    steps: Vec<StepView>,
    /// Where the marks of the axis are, and what they say.
    ticks: Vec<(String, String)>,
    /// Seconds in which no step worked.
    outside: String,
    ran: usize,
    sizes: Option<Sizes>,
    findings: Vec<Found>,
    /// The gravest of them, `error`, `warning` or `note`; nothing when there is none.
    gravest: &'static str,
    /// How many of the gravest there are, and how many others.
    verdict: String,
    others: String,
    /// Whether the findings are those of the build that made the image.
    findings_of_before: bool,
    /// Whether anything was verified.
    verified: bool,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct ImageView {
    id: String,
    size: String,
    size_change: String,
    layers: usize,
}

#[derive(Debug, Serialize)]
struct PreviousView {
    reference: String,
    ended: String,
    ended_text: String,
    time: String,
    size: String,
}

#[derive(Debug, Serialize)]
struct StepView {
    name: String,
    summary: String,
    outcome: &'static str,
    worked: bool,
    critical: bool,
    time: String,
    /// How long it took when it last ran.
    before: String,
    why: Vec<String>,
    left: String,
    width: String,
}

/// The page as HTML.
pub(crate) fn render(
    facts: &Facts,
    bars: &[Bar],
    reference: &str,
    time: f64,
    result: &BuildResult<'_>,
) -> Result<String, minijinja::Error> {
    fill(&page(facts, bars, reference, time, result))
}

/// All text is escaped: nothing in the values is ours to trust.
fn fill(page: &Page<'_>) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.render_str(TEMPLATE, Serde(page))
}

fn page<'a>(facts: &Facts, bars: &[Bar], reference: &'a str, time: f64, result: &BuildResult<'_>) -> Page<'a> {
    let now = rfc3339(unix_seconds());
    let findings = facts.findings.clone();
    let findings_of_before = findings.is_none() && matches!(result, BuildResult::Done(_));
    let before = || facts.previous.as_ref().map(|previous| previous.findings.clone());
    let findings = findings.or_else(|| before().filter(|_| findings_of_before));
    let verified = findings.is_some();
    let findings = findings.unwrap_or_default();
    let (gravest, verdict, others) = verdict(&findings);
    let with_sizes = !facts.contents.is_empty();
    Page {
        reference,
        engine: facts.engine.map_or("", EngineName::name),
        knows_why: facts.engine != Some(EngineName::Docker),
        ended_text: for_people(&now),
        ended: now,
        error: match result {
            BuildResult::Failed(message) => Some(plain(message)),
            BuildResult::Done(_) => None,
        },
        time: seconds(time),
        time_change: facts.previous.as_ref().map(|before| change_of_seconds(before.seconds, time)).unwrap_or_default(),
        image: match result {
            BuildResult::Done(image) => Some(image_view(image, facts)),
            BuildResult::Failed(_) => None,
        },
        assembled: bytes(facts.contents.iter().map(|layer| layer.total().bytes).sum()),
        previous: facts.previous.as_ref().map(|before| PreviousView {
            reference: before.reference.clone(),
            ended_text: for_people(&rfc3339(before.ended)),
            ended: rfc3339(before.ended),
            time: seconds(before.seconds),
            size: bytes(before.size),
        }),
        steps: steps(facts, bars, time),
        ticks: ticks(time),
        outside: seconds((time - covered(bars)).max(0.0)),
        ran: bars.iter().filter(|bar| bar.outcome.worked()).count(),
        sizes: with_sizes.then(|| sizes(&facts.contents, &facts.folder, facts.previous.as_ref())),
        gravest,
        verdict,
        others,
        findings,
        findings_of_before,
        verified,
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// The gravest severity, how many findings have it, and how many others there are.
pub(crate) fn verdict(findings: &[Found]) -> (&'static str, String, String) {
    let of = |severity: &str| findings.iter().filter(|one| !one.accepted && one.severity == severity).count() as u64;
    let counts =
        [("error", "errors"), ("warning", "warnings"), ("note", "notes")].map(|(one, many)| (one, many, of(one)));
    let mut there = counts
        .into_iter()
        .filter(|(.., number)| *number > 0)
        .map(|(one, many, number)| (one, count(number, one, many)));
    let first = there.next();
    let accepted = findings.iter().filter(|one| one.accepted).count() as u64;
    let others = there.map(|(_, text)| text).chain((accepted > 0).then(|| count(accepted, "accepted", "accepted")));
    let others = others.collect::<Vec<_>>().join(", ");
    first.map_or(("", "none".to_owned(), others.clone()), |(gravest, text)| (gravest, text, others))
}

fn image_view(image: &LocalImage, facts: &Facts) -> ImageView {
    let before = facts.previous.as_ref().map(|before| change_of_bytes(before.size, image.size));
    ImageView {
        id: image.id.clone(),
        size: bytes(image.size),
        size_change: before.unwrap_or_default(),
        layers: image.layers.len(),
    }
}

/// `2026-01-02T03:04:05Z` without what a person does not need.
fn for_people(time: &str) -> String {
    format!("{} UTC", time.get(..16).unwrap_or(time).replace('T', " "))
}

fn steps(facts: &Facts, bars: &[Bar], time: f64) -> Vec<StepView> {
    let path = critical_path(bars, &facts.needs);
    let view = |bar: &Bar| {
        let summary = facts.steps.iter().find(|(name, _)| *name == bar.step).map(|(_, summary)| summary.clone());
        let before = facts.previous.as_ref().and_then(|before| before.steps.get(&bar.step));
        StepView {
            name: bar.step.clone(),
            summary: summary.unwrap_or_default(),
            outcome: bar.outcome.name(),
            worked: bar.outcome.worked(),
            critical: path.contains(&bar.step),
            time: if bar.outcome.worked() { seconds(bar.seconds) } else { String::new() },
            before: before.map(|before| seconds(*before)).unwrap_or_default(),
            why: if bar.outcome == StepOutcome::Cached {
                Vec::new()
            } else {
                facts.why.get(&bar.step).into_iter().flatten().map(|why| plain(why)).collect()
            },
            left: percent(bar.start, time),
            width: percent(bar.end - bar.start, time),
        }
    };
    bars.iter().map(view).collect()
}

fn ticks(time: f64) -> Vec<(String, String)> {
    let size = tick(time);
    let marks = (0..=5).map(f64::from).map(|mark| mark * size).take_while(|mark| *mark <= time);
    let text = |mark: f64| match size {
        _ if size < 0.1 => format!("{mark:.2}"),
        _ if size < 1.0 => format!("{mark:.1}"),
        _ => format!("{mark:.0}"),
    };
    marks.map(|mark| (percent(mark, time), text(mark))).collect()
}
