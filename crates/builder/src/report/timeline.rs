//! When steps worked, beside and after one another, and which of them the build waited for.

use std::collections::{BTreeMap, BTreeSet};

/// How a step ended, as far as a report is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepOutcome {
    Ran,
    Cached,
    Failed,
    /// It worked when the build ended.
    Stopped,
    /// The build ended before it.
    NotReached,
}

impl StepOutcome {
    /// In words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ran => "ran",
            Self::Cached => "cached",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::NotReached => "not reached",
        }
    }

    /// Whether it took time.
    pub(crate) fn worked(self) -> bool {
        matches!(self, Self::Ran | Self::Failed | Self::Stopped)
    }
}

/// A step and its time, in seconds since the build began.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bar {
    pub(crate) step: String,
    pub(crate) outcome: StepOutcome,
    pub(crate) start: f64,
    pub(crate) end: f64,
    /// Seconds that it worked: less than from start to end when it waited in between.
    pub(crate) seconds: f64,
}

/// What each step of the recipe needs.
pub(crate) type Needs = BTreeMap<String, Vec<String>>;

/// The steps that the end of the build waited for: from the one that ended last back to, each time, the one that
/// ended last among those it needs. A shorter build takes one of these.
pub(crate) fn critical_path(bars: &[Bar], needs: &Needs) -> BTreeSet<String> {
    let worked: Vec<&Bar> = bars.iter().filter(|bar| bar.outcome.worked()).collect();
    let last = |among: &dyn Fn(&Bar) -> bool| {
        worked.iter().filter(|bar| among(bar)).max_by(|a, b| a.end.total_cmp(&b.end)).copied()
    };
    let mut path = BTreeSet::new();
    let mut current = last(&|_| true);
    while let Some(bar) = current.filter(|bar| path.insert(bar.step.clone())) {
        let before = ancestors(&bar.step, needs);
        // What is no step of the recipe, such as the root file systems, comes before all that begin after it, and
        // after all that ended before it.
        let is_foreign = |name: &str| !needs.contains_key(name);
        let is_before = |other: &Bar| {
            let are_foreign = is_foreign(&other.step) || is_foreign(&bar.step);
            before.contains(other.step.as_str()) || are_foreign && other.end <= bar.start
        };
        current = last(&|other| other.step != bar.step && is_before(other));
    }
    path
}

/// All that a step needs, directly or not.
fn ancestors<'a>(step: &str, needs: &'a Needs) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut todo: Vec<&str> = needs.get(step).into_iter().flatten().map(String::as_str).collect();
    while let Some(name) = todo.pop() {
        if found.insert(name) {
            todo.extend(needs.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    found
}

/// Seconds in which at least one step worked.
pub(crate) fn covered(bars: &[Bar]) -> f64 {
    let mut spans: Vec<_> = bars.iter().filter(|bar| bar.outcome.worked()).map(|bar| (bar.start, bar.end)).collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut total, mut until) = (0.0, 0.0_f64);
    for (start, end) in spans {
        total += (end - start.max(until)).max(0.0);
        until = until.max(end);
    }
    total
}

/// Seconds between the marks of an axis that has five of them at most.
pub(crate) fn tick(total: f64) -> f64 {
    const MOST: f64 = 5.0;
    let mut size = 0.01;
    for factor in [2.0, 2.5, 2.0].into_iter().cycle() {
        if total / size <= MOST {
            break;
        }
        size *= factor;
    }
    size
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(step: &str, outcome: StepOutcome, start: f64, end: f64) -> Bar {
        Bar { step: step.to_owned(), outcome, start, end, seconds: end - start }
    }

    fn needs(list: &[(&str, &[&str])]) -> Needs {
        list.iter()
            .map(|(step, before)| ((*step).to_owned(), before.iter().map(|one| (*one).to_owned()).collect()))
            .collect()
    }

    #[test]
    fn the_path_goes_through_what_ended_last_also_behind_a_cached_step() {
        let bars = [
            bar("root", StepOutcome::Ran, 0.0, 3.0),
            bar("install", StepOutcome::Ran, 3.0, 10.0),
            bar("typecheck", StepOutcome::Ran, 10.0, 14.0),
            bar("build-app", StepOutcome::Cached, 10.0, 10.0),
            bar("build-backend", StepOutcome::Ran, 10.0, 20.0),
            bar("assemble", StepOutcome::Ran, 20.0, 22.0),
            bar("runtime", StepOutcome::Ran, 22.0, 23.0),
        ];
        let needs = needs(&[
            ("install", &[]),
            ("typecheck", &["install"]),
            ("build-app", &["install"]),
            ("build-backend", &["build-app"]),
            ("assemble", &["build-backend", "typecheck"]),
        ]);
        let path: Vec<_> = critical_path(&bars, &needs).into_iter().collect();
        assert_eq!(path, ["assemble", "build-backend", "install", "root", "runtime"]);
        assert!(critical_path(&[bar("install", StepOutcome::Cached, 1.0, 1.0)], &needs).is_empty());
        assert!((covered(&bars) - 23.0).abs() < 1e-9);
    }

    #[test]
    fn steps_that_need_one_another_end() {
        let bars = [bar("a", StepOutcome::Ran, 0.0, 1.0), bar("b", StepOutcome::Ran, 1.0, 2.0)];
        assert_eq!(critical_path(&bars, &needs(&[("a", &["b"]), ("b", &["a"])])).len(), 2);
    }

    #[test]
    fn an_axis_has_few_round_marks() {
        for (total, expected) in [(0.04, 0.01), (0.3, 0.1), (9.0, 2.0), (60.0, 20.0), (243.0, 50.0), (3000.0, 1000.0)] {
            let found = tick(total);
            assert!((found - expected).abs() < 1e-9, "{total}: {found}");
        }
    }
}
