//! BuildKit's plain progress into events.
//!
//! `#7 [install 3/3] RUN …` names a vertex, `#7 1.234 text` is its output, and `#7 CACHED`, `#7 DONE 1.2s`
//! or `#7 ERROR …` ends it. A stage is a step of the recipe; its state is that of its vertices together.

use std::collections::{BTreeMap, VecDeque};

use process::{Event, StepState};

/// How many of a stage's last lines are kept for an error.
const TAIL_LINES: usize = 40;

/// One vertex of BuildKit's graph that belongs to a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Vertex {
    stage: String,
    is_last: bool,
    instruction: String,
}

/// The instruction that failed, and what it had printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FailedStage {
    pub(crate) stage: String,
    pub(crate) command: String,
    pub(crate) tail: Vec<String>,
}

/// What is known of one stage.
#[derive(Debug, Default)]
struct Stage {
    started: bool,
    ran: bool,
    seconds: f64,
    finished: bool,
    tail: VecDeque<String>,
}

/// Turns lines into events.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    vertices: BTreeMap<u32, Vertex>,
    stages: BTreeMap<String, Stage>,
    /// The vertex that was named last: it works unless the very next line says that it was cached.
    named: Option<u32>,
    /// The first that failed; BuildKit cancels the others.
    failed: Option<FailedStage>,
}

impl Progress {
    /// The events of one line.
    pub(crate) fn line(&mut self, line: &str) -> Vec<Event> {
        let (number, rest) = split_number(line).unwrap_or((0, ""));
        let named = self.named.take().filter(|named| (*named, "CACHED") != (number, rest));
        let stage = named.and_then(|named| self.vertices.get(&named)).map(|vertex| vertex.stage.clone());
        let started = stage.and_then(|stage| self.start(&stage));
        started.into_iter().chain(self.numbered_line(number, rest)).collect()
    }

    fn numbered_line(&mut self, number: u32, rest: &str) -> Vec<Event> {
        if let Some(vertex) = vertex(rest) {
            self.named = Some(number);
            self.vertices.insert(number, vertex);
            return Vec::new();
        }
        let Some(Vertex { stage, is_last, instruction }) = self.vertices.get(&number).cloned() else {
            return Vec::new();
        };
        if rest == "CACHED" {
            return self.finish(stage, is_last);
        }
        if let Some(seconds) = rest.strip_prefix("DONE ").and_then(parse_seconds) {
            let state = self.stages.entry(stage.clone()).or_default();
            state.ran = true;
            state.seconds += seconds;
            return self.finish(stage, is_last);
        }
        if rest.starts_with("ERROR") {
            let (seconds, tail) = self
                .stages
                .get(&stage)
                .map_or((0.0, Vec::new()), |state| (state.seconds, state.tail.iter().cloned().collect()));
            self.failed.get_or_insert(FailedStage { stage: stage.clone(), command: command_of(&instruction), tail });
            return vec![Event::StepFinished { step: stage, state: StepState::Failed, seconds }];
        }
        match output_text(rest) {
            Some(text) => self.output(stage, text),
            None => Vec::new(),
        }
    }

    /// The instruction that failed, if one did.
    pub(crate) fn into_failed(self) -> Option<FailedStage> {
        self.failed
    }

    fn start(&mut self, step: &str) -> Option<Event> {
        let state = self.stages.entry(step.to_owned()).or_default();
        let first = !std::mem::replace(&mut state.started, true);
        first.then(|| Event::StepStarted { step: step.to_owned() })
    }

    fn output(&mut self, step: String, text: &str) -> Vec<Event> {
        let started = self.start(&step);
        let state = self.stages.entry(step.clone()).or_default();
        if state.tail.len() == TAIL_LINES {
            state.tail.pop_front();
        }
        state.tail.push_back(text.to_owned());
        started.into_iter().chain([Event::StepOutput { step, line: text.to_owned() }]).collect()
    }

    fn finish(&mut self, step: String, is_last: bool) -> Vec<Event> {
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
fn vertex(rest: &str) -> Option<Vertex> {
    let (inside, instruction) = rest.strip_prefix('[')?.split_once(']')?;
    let (stage, position) = inside.rsplit_once(' ')?;
    let (index, count) = position.split_once('/')?;
    // BuildKit pads the index when there are ten instructions or more.
    let is_last = index.trim() == count;
    Some(Vertex { stage: stage.trim().to_owned(), is_last, instruction: instruction.trim().to_owned() })
}

/// What an instruction runs, without its mounts.
fn command_of(instruction: &str) -> String {
    let words = instruction.strip_prefix("RUN ").unwrap_or(instruction).split_whitespace();
    words.skip_while(|word| word.starts_with("--mount=")).collect::<Vec<_>>().join(" ")
}

/// Whether a line of plain progress says something to a person whose build failed.
pub(crate) fn is_telling(line: &str) -> bool {
    let rest = split_number(line).map_or(line, |(_, rest)| rest);
    let is_routine =
        rest == "CACHED" || rest.starts_with("DONE ") || rest.starts_with('[') || rest.starts_with("CANCELED");
    !is_routine && !rest.trim().is_empty() && !rest.starts_with("------")
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
#12 [typecheck 2/2] RUN --mount=type=cache,target=/cache/node     tsc
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
        let failed = progress.into_failed().unwrap();
        assert_eq!((failed.stage.as_str(), failed.command.as_str()), ("typecheck", "tsc"));
        assert_eq!(failed.tail, ["src/index.ts(1,1): error TS1005"]);
        assert!(matches!(events.last(), Some(Event::StepFinished { state: StepState::Failed, .. })));
    }

    #[test]
    fn positions_may_be_padded() {
        let vertex = vertex("[runtime  9/10] COPY a b").unwrap();
        assert_eq!((vertex.stage.as_str(), vertex.is_last), ("runtime", false));
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
