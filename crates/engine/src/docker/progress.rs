//! BuildKit's plain progress into events.
//!
//! `#7 [install 3/3] RUN …` names a vertex, `#7 1.234 text` is its output, and `#7 CACHED`, `#7 DONE 1.2s`
//! or `#7 ERROR …` ends it. A stage is a step of the recipe; its state is that of its vertices together.

use std::collections::BTreeMap;

use crate::event::{Event, StepState};

/// One vertex of BuildKit's graph that belongs to a stage.
#[derive(Debug)]
struct Vertex {
    stage: String,
    is_last: bool,
}

/// What is known of one stage.
#[derive(Debug, Default)]
struct Stage {
    started: bool,
    ran: bool,
    seconds: f64,
    finished: bool,
}

/// Turns lines into events.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    vertices: BTreeMap<u32, Vertex>,
    stages: BTreeMap<String, Stage>,
    /// The stage whose vertex failed.
    pub(crate) failed: Option<String>,
}

impl Progress {
    /// The events of one line.
    pub(crate) fn line(&mut self, line: &str) -> Vec<Event> {
        let Some((number, rest)) = split_number(line) else { return Vec::new() };
        if let Some((stage, is_last)) = vertex_name(rest) {
            self.vertices.insert(number, Vertex { stage, is_last });
            return Vec::new();
        }
        let Some(vertex) = self.vertices.get(&number) else { return Vec::new() };
        let (stage, is_last) = (vertex.stage.clone(), vertex.is_last);
        if rest == "CACHED" {
            return self.finish(stage, is_last, 0.0);
        }
        if let Some(seconds) = rest.strip_prefix("DONE ").and_then(parse_seconds) {
            let state = self.stages.entry(stage.clone()).or_default();
            state.ran = true;
            state.seconds += seconds;
            return self.finish(stage, is_last, seconds);
        }
        if rest.starts_with("ERROR") {
            let seconds = self.stages.get(&stage).map_or(0.0, |state| state.seconds);
            self.failed = Some(stage.clone());
            return vec![Event::StepFinished { step: stage, state: StepState::Failed, seconds }];
        }
        match output_text(rest) {
            Some(text) => self.output(stage, text),
            None => Vec::new(),
        }
    }

    fn output(&mut self, step: String, text: &str) -> Vec<Event> {
        let state = self.stages.entry(step.clone()).or_default();
        let first = !std::mem::replace(&mut state.started, true);
        let started = first.then(|| Event::StepStarted { step: step.clone() });
        started.into_iter().chain([Event::StepOutput { step, line: text.to_owned() }]).collect()
    }

    fn finish(&mut self, step: String, is_last: bool, _seconds: f64) -> Vec<Event> {
        let stage = self.stages.entry(step.clone()).or_default();
        if !is_last || std::mem::replace(&mut stage.finished, true) {
            return Vec::new();
        }
        let state = if stage.ran { StepState::Ran } else { StepState::Cached };
        vec![Event::StepFinished { step, state, seconds: stage.seconds }]
    }
}

fn split_number(line: &str) -> Option<(u32, &str)> {
    let (number, rest) = line.strip_prefix('#')?.split_once(' ')?;
    Some((number.parse().ok()?, rest))
}

/// `[install 3/3] RUN …`: the stage, and whether this is its last instruction.
fn vertex_name(rest: &str) -> Option<(String, bool)> {
    let (inside, _) = rest.strip_prefix('[')?.split_once(']')?;
    let (stage, position) = inside.rsplit_once(' ')?;
    let (index, count) = position.split_once('/')?;
    // BuildKit pads the index when there are ten instructions or more.
    Some((stage.trim().to_owned(), index.trim() == count))
}

fn parse_seconds(text: &str) -> Option<f64> {
    text.trim().strip_suffix('s')?.parse().ok()
}

/// `1.234 text` is output of a program; anything else is BuildKit's own.
fn output_text(rest: &str) -> Option<&str> {
    let (time, text) = rest.split_once(' ').unwrap_or((rest, ""));
    (time.contains('.') && time.parse::<f64>().is_ok()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LOG: &str = "\
#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s
#7 [install 1/3] WORKDIR /app
#7 CACHED
#8 [install 2/3] COPY --from=context /stages/install/ ./
#8 CACHED
#9 [install 3/3] RUN yarn install
#9 CACHED
#10 [build-app 1/2] COPY --from=context /stages/build-app/ ./
#10 DONE 0.1s
#11 [build-app 2/2] RUN cd packages/app
#11 0.512 Building
#11 3.901 done
#11 DONE 4.0s
#12 [typecheck 2/2] RUN tsc
#12 1.0 src/index.ts(1,1): error TS1005
#12 ERROR: process \"/bin/sh\" did not complete successfully: exit code: 2
";

    fn events(log: &str) -> (Vec<Event>, Progress) {
        let mut progress = Progress::default();
        let events = log.lines().flat_map(|line| progress.line(line)).collect();
        (events, progress)
    }

    #[test]
    fn a_stage_is_cached_when_all_its_vertices_are() {
        let (events, _) = events(LOG);
        assert_eq!(
            events[0],
            Event::StepFinished { step: "install".to_owned(), state: StepState::Cached, seconds: 0.0 }
        );
    }

    #[test]
    fn a_stage_that_ran_reports_its_output_and_time() {
        let (events, _) = events(LOG);
        let build = "build-app".to_owned();
        assert_eq!(
            events[1..5],
            [
                Event::StepStarted { step: build.clone() },
                Event::StepOutput { step: build.clone(), line: "Building".to_owned() },
                Event::StepOutput { step: build.clone(), line: "done".to_owned() },
                Event::StepFinished { step: build, state: StepState::Ran, seconds: 4.1 },
            ]
        );
    }

    #[test]
    fn the_failed_stage_is_known() {
        let (events, progress) = events(LOG);
        assert_eq!(progress.failed.as_deref(), Some("typecheck"));
        assert!(matches!(events.last(), Some(Event::StepFinished { state: StepState::Failed, .. })));
    }

    #[test]
    fn positions_may_be_padded() {
        assert_eq!(vertex_name("[runtime  9/10] COPY a b"), Some(("runtime".to_owned(), false)));
    }

    proptest! {
        #[test]
        fn no_input_panics(lines in proptest::collection::vec("#?[0-9]{0,12} ?\\[?\\PC{0,30}", 0..20)) {
            let mut progress = Progress::default();
            for line in &lines {
                progress.line(line);
            }
        }
    }
}
