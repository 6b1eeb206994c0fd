//! What the driver does in which order, and what a build leaves that came to nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use diagnostics::{CheckFailed, WrongUsage};
use image::Digest;
use monorepo::{BackendChoice, Monorepo};
use tempfile::TempDir;

use crate::boot_image::Booter;
use crate::context::Context;
use crate::driver::Driver;
use crate::driver_fakes::{FakeBackend, Phase, Silence, World, is_interrupt};
use crate::report::{BuildReport, EngineName};
use crate::result::FinishedBuild;
use crate::settings::{BuildSettings, DocumentSettings, OutputSettings};
use crate::shippable::expected_configuration;
use crate::state::{LastBuild, State};
use Phase::{Archives, Boot, Discard, Gates, Image, Name, Outputs, Publish, Run};

/// A repository, and the folders of its builds.
struct Bench {
    folder: TempDir,
    repo: Arc<Monorepo>,
}

/// All that a build can change.
#[derive(Debug, PartialEq)]
struct Left {
    last: Option<LastBuild>,
    archives: Vec<Option<String>>,
}

impl Bench {
    fn new() -> Self {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/minimal");
        let repo = Monorepo::read(&fixture, &BackendChoice::Only).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), repo: Arc::new(repo) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn state(&self, world: &World) -> State {
        State::open(&self.repo.root, Some(&self.path("state")), &Silence, &world.interrupt).unwrap()
    }

    fn settings(&self) -> BuildSettings {
        BuildSettings {
            tag: "app:1".to_owned(),
            artifacts: Some(self.path("dist")),
            documents: DocumentSettings {
                sbom: vec![self.path("sbom.json")],
                provenance: Some(self.path("provenance.json")),
            },
            outputs: OutputSettings { places: vec!["oci:somewhere".to_owned()], ..OutputSettings::default() },
            ..BuildSettings::default()
        }
    }

    /// Builds the sources that `fingerprint` stands for.
    fn build(&self, fingerprint: &'static str, world: &World) -> Result<FinishedBuild> {
        let (settings, state, page) = (self.settings(), self.state(world), self.path("report.html"));
        let recipe = Arc::new(recipe::plan(&self.repo, None));
        let report = BuildReport::begin(&settings.tag, Some(&page), &Silence);
        report.planned(EngineName::Embedded, &recipe, &state);
        let backend = FakeBackend {
            world,
            fingerprint,
            id: Digest::of(fingerprint.as_bytes()).to_string(),
            runs: expected_configuration(&recipe),
            layout: self.path("layout"),
        };
        let context = Context {
            settings: &settings,
            repo: Arc::clone(&self.repo),
            recipe,
            state: &state,
            report: &report,
            console: &Silence,
            interrupt: &world.interrupt,
        };
        let booter: &dyn Booter = world;
        let driver = Driver { context: &context, backend, verifier: world, booter: Some(booter), publisher: world };
        report.cover(|| driver.run())
    }

    fn left(&self) -> Left {
        let read = |name| std::fs::read_to_string(self.path("dist").join(name)).ok();
        let archives = [artifacts::SKELETON, artifacts::BUNDLE].map(read).to_vec();
        Left { last: self.state(&World::default()).last_build(), archives }
    }

    /// Folders and files that should be gone with the build.
    fn leftovers(&self) -> Vec<String> {
        let folders = [self.path("dist"), self.state(&World::default()).folder().to_owned()];
        let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with('.') || name.starts_with("scratch-")).collect()
    }

    fn forget_documents(&self) {
        for name in ["sbom.json", "provenance.json", "report.html"] {
            std::fs::remove_file(self.path(name)).unwrap();
        }
    }

    /// A build after a good one that comes to nothing: it is asked these phases, and all is as it was.
    fn comes_to_nothing(&self, world: &World, asked: &[Phase]) -> anyhow::Error {
        self.build("good", &World::default()).unwrap();
        self.forget_documents();
        let before = self.left();
        let error = self.build("edited", world).unwrap_err();
        assert_eq!(world.asked(), asked, "{error}");
        assert_eq!(self.left(), before, "{error}");
        assert_eq!(self.leftovers(), Vec::<String>::new(), "{error}");
        let page = std::fs::read_to_string(self.path("report.html")).unwrap();
        assert!(page.contains("Failed"), "{page}");
        assert!(!self.path("sbom.json").exists() && !self.path("provenance.json").exists(), "{error}");
        error
    }
}

/// The phases up to this one.
fn until(last: Phase) -> Vec<Phase> {
    let all = [Run, Archives, Image, Gates, Boot, Publish, Name, Outputs];
    let end = all.iter().position(|phase| *phase == last).unwrap();
    all[..=end].to_vec()
}

#[test]
fn good_build_is_verified_booted_published_named_and_documented() {
    let (bench, world) = (Bench::new(), World::default());
    let built = bench.build("good", &world).unwrap();
    assert_eq!(world.asked(), until(Outputs));
    assert_eq!((built.written.as_slice(), built.is_changed), (["fake:output".to_owned()].as_slice(), true));
    let Left { last, archives } = bench.left();
    assert_eq!(last.unwrap().image_id, built.image.id);
    assert!(archives.iter().all(|text| text.as_ref().unwrap().ends_with("of good")), "{archives:?}");
    assert!(bench.path("sbom.json").exists() && bench.path("provenance.json").exists());
    assert_eq!(built.report, Some(bench.path("report.html")));
    assert_eq!(bench.leftovers(), Vec::<String>::new());
}

#[test]
fn unchanged_build_runs_nothing_and_is_booted_and_documented_again() {
    let (bench, world) = (Bench::new(), World::default());
    bench.build("good", &world).unwrap();
    bench.forget_documents();
    world.asked();
    let again = bench.build("good", &world).unwrap();
    assert_eq!(world.asked(), [Boot, Outputs]);
    assert!(!again.is_changed && bench.path("sbom.json").exists() && bench.path("report.html").exists());
}

#[test]
fn missing_or_altered_archive_is_built_again() {
    let (bench, world) = (Bench::new(), World::default());
    for damage in [None, Some("altered")] {
        bench.build("good", &world).unwrap();
        world.asked();
        let archive = bench.path("dist").join(artifacts::BUNDLE);
        match damage {
            Some(text) => std::fs::write(&archive, text).unwrap(),
            None => std::fs::remove_file(&archive).unwrap(),
        }
        bench.build("good", &world).unwrap();
        assert_eq!(world.asked(), until(Outputs), "{damage:?}");
    }
}

#[test]
fn failed_step_leaves_the_build_of_before() {
    let world = World::broken(Run);
    let error = Bench::new().comes_to_nothing(&world, &[Run]);
    assert_eq!(error.to_string(), "Run is broken");
}

#[test]
fn failed_check_leaves_the_build_of_before_and_says_what_was_found() {
    for (broken, code) in [(Archives, "error BX000"), (Image, "error IM000")] {
        let world = World::broken(broken);
        let error = Bench::new().comes_to_nothing(&world, &[Run, Archives, Image, Discard]);
        assert!(error.is::<CheckFailed>() && error.to_string().contains(code), "{error}");
    }
}

#[test]
fn failed_gate_boot_or_publication_leaves_the_build_of_before() {
    for broken in [Gates, Boot, Publish] {
        let world = World::broken(broken);
        let mut asked = until(broken);
        asked.push(Discard);
        let error = Bench::new().comes_to_nothing(&world, &asked);
        assert!(error.to_string().ends_with(&format!("{broken:?} is broken")), "{error}");
    }
}

#[test]
fn failed_boot_says_what_comes_of_it() {
    let error = Bench::new().build("good", &World::broken(Boot)).unwrap_err();
    assert_eq!(error.to_string(), "the image does not run, so it is not tagged: Boot is broken");
}

#[test]
fn interrupted_build_leaves_the_build_of_before() {
    // These fakes go on when it happens, and the driver stops at the next place.
    let places = [(Run, Archives), (Archives, Archives), (Image, Gates), (Gates, Gates), (Boot, Boot)];
    for (interrupted, stops) in places {
        let world = World::interrupted(interrupted);
        let mut asked = until(stops);
        asked.push(Discard);
        let error = Bench::new().comes_to_nothing(&world, &asked);
        assert!(is_interrupt(&error), "{interrupted:?}: {error}");
    }
}

#[test]
fn interrupt_is_too_late_once_the_archives_are_in_place() {
    for interrupted in [Publish, Name, Outputs] {
        let (bench, world) = (Bench::new(), World::interrupted(interrupted));
        let built = bench.build("good", &world).unwrap();
        assert_eq!(bench.left().last.unwrap().image_id, built.image.id, "{interrupted:?}");
    }
}

#[test]
fn image_that_gets_no_name_is_not_remembered() {
    let (bench, world) = (Bench::new(), World::broken(Name));
    bench.build("good", &world).unwrap_err();
    assert_eq!(world.asked().last(), Some(&Discard));
    assert_eq!(bench.left().last, None);
}

#[test]
fn failed_output_leaves_the_image_named_and_the_next_build_has_only_that_to_do() {
    let (bench, world) = (Bench::new(), World::broken(Outputs));
    bench.build("good", &world).unwrap_err();
    assert_eq!(world.asked(), until(Outputs));
    let world = World::default();
    bench.build("good", &world).unwrap();
    assert_eq!(world.asked(), [Boot, Outputs]);
}

#[test]
fn wrong_usage_is_no_build_and_has_no_page() {
    let bench = Bench::new();
    let page = bench.path("report.html");
    let report = BuildReport::begin("app:1", Some(&page), &Silence);
    let result: Result<()> = report.cover(|| Err(WrongUsage::new("wrong".to_owned()).into()));
    assert!(result.is_err() && !page.exists());
}
