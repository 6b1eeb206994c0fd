//! The seam between the recipe and what runs it: a step that nobody knows is run by every backend.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by failing")]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use common::fixture;
use monorepo::{BackendChoice, Monorepo};
use process::{EngineError, Event, Interrupt, Invocation, Reporter};
use recipe::{Action, Handed, Recipe, Step, StepId};
use sandbox::{Build, Builder, EmbeddedJob, Gates, Mount, Reuse, Sandbox, SandboxedCommand};

/// Runs nothing, and remembers what it was asked to run.
#[derive(Default)]
struct Recorder(Mutex<Vec<SandboxedCommand>>);

impl Sandbox for Recorder {
    fn wrap(&self, command: &SandboxedCommand) -> Invocation {
        self.0.lock().unwrap().push(command.clone());
        Invocation::new("true")
    }

    fn check(&self) -> Result<(), EngineError> {
        Ok(())
    }
}

struct Silent;

impl Reporter for Silent {
    fn report(&self, _: &Event) {}
}

fn demo() -> Monorepo {
    Monorepo::read(&fixture("demo"), &BackendChoice::Only).unwrap()
}

fn run(words: &[&str]) -> Action {
    Action::Run { argv: words.iter().map(|word| (*word).to_owned()).collect(), folder: String::new() }
}

/// A step like that of the first bundle, which does something else.
fn made_up(recipe: &Recipe, name: &str) -> Step {
    let bundle = recipe.steps.iter().find(|step| matches!(step.id, StepId::Build(_))).unwrap();
    let id = StepId::Build(name.to_owned());
    let inputs = recipe::Inputs { paths: vec!["catalog".to_owned()], ..bundle.inputs.clone() };
    Step { id, inputs, actions: vec![run(&["node", name])], outputs: Vec::new(), ..bundle.clone() }
}

/// The demo's recipe with two more steps: one whose output the application reads, and a gate.
fn recipe_with_more(repo: &Monorepo) -> Recipe {
    let mut recipe = recipe::plan(repo, None);
    let generate = Step { outputs: vec!["generated".to_owned()], ..made_up(&recipe, "generate") };
    let gate = Step { gate: true, ..made_up(&recipe, "scan") };
    let position = recipe.steps.iter().position(|step| step.id == recipe.image.application).unwrap();
    let application = &mut recipe.steps[position];
    application.needs.push(generate.id.clone());
    application.inputs.outputs.push(Handed { step: generate.id.clone(), path: "generated".to_owned() });
    recipe.steps.splice(position..position, [generate, gate]);
    recipe
}

#[test]
fn the_dockerfile_has_a_stage_for_a_step_that_nobody_knows() {
    let repo = demo();
    let [plain, _] = recipe::render(&repo, &recipe::plan(&repo, None)).unwrap();
    let [more, _] = recipe::render(&repo, &recipe_with_more(&repo)).unwrap();
    let added: Vec<_> = more.text.lines().filter(|line| !plain.text.contains(line)).collect();
    for line in [
        "FROM install AS build-generate",
        "COPY --from=context /stages/build-generate/ ./",
        "FROM install AS build-scan",
        "COPY --from=build-generate /app/generated/ ./generated/",
        "    --mount=type=bind,from=build-scan,source=/out/passed,target=/passed-build-scan \\",
    ] {
        assert!(added.contains(&line), "{line}\nis not in\n{}", added.join("\n"));
    }
    assert!(more.text.contains("node generate") && more.text.contains("node scan"));
}

fn job(repo: Monorepo, recipe: Recipe, sandbox: Arc<Recorder>, state: &Path) -> EmbeddedJob {
    let builder = Builder { path: "/builder".into(), digest: "sha256:0".to_owned(), yarn: None, pip: None };
    EmbeddedJob {
        repo: Arc::new(repo),
        recipe: Arc::new(recipe),
        sandbox,
        builder,
        state: state.join("state"),
        caches: state.join("caches"),
        secrets: Vec::new(),
        logs: state.join("logs"),
        gates: Gates::Closed,
        reuse: Reuse::Unchanged,
    }
}

#[test]
fn sandboxes_run_a_step_that_nobody_knows() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Arc::new(Recorder::default());
    let repo = demo();
    let recipe = recipe_with_more(&repo);
    let application = recipe.image.application.clone();
    let mut build = Build::new(job(repo, recipe, Arc::clone(&sandbox), folder.path())).unwrap();
    build.finish(&Interrupt::default(), &Silent).unwrap();
    let commands = sandbox.0.lock().unwrap();
    let ran = |word: &str| commands.iter().find(|command| command.argv.last().is_some_and(|last| last == word));
    let (generate, scan) = (ran("generate").unwrap(), ran("scan").unwrap());
    for (command, name) in [(generate, "build-generate"), (scan, "build-scan")] {
        assert_eq!(command.folder, "/app");
        let tree = folder.path().join("state/trees").join(name);
        assert!(command.mounts.contains(&Mount::writable(&tree, "/app")), "{:?}", command.mounts);
        assert!(tree.join("catalog").is_dir(), "it sees its inputs");
    }
    let handed = Mount::read_only(folder.path().join("state/trees/build-generate/generated"), "/app/generated");
    let of_application = Mount::writable(build.tree(&application), "/app");
    let mut packing = commands.iter().filter(|command| command.mounts.contains(&of_application)).peekable();
    assert!(packing.peek().is_some());
    assert!(packing.all(|command| command.mounts.contains(&handed)));
    let explained: BTreeMap<_, _> = build.explained().clone();
    assert!(explained.contains_key("build-generate") && explained.contains_key("build-scan"));
}
