//! The demo through a real Docker: what is built, what stays away when a build fails, what never gets in.
//!
//! One cold build, shared by all tests; run them with `--test-threads=1`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says what is wrong by failing")]

mod harness;

use std::io::{BufRead, BufReader, Read};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use harness::skip::{record, skip};
use harness::{Bench, Restore, canaries, copy_folder, docker, embedded, files_below, run, workspace};

/// The demo in a folder of its own, with canaries, built once.
fn demo() -> &'static Bench {
    static DEMO: OnceLock<Bench> = OnceLock::new();
    DEMO.get_or_init(|| {
        let folder = std::env::temp_dir().join("backstage-xtask-test-demo");
        let _ = std::fs::remove_dir_all(&folder);
        let repo = folder.join("repo");
        copy_folder(&workspace().join("tests/fixtures/demo"), &repo);
        let env = canaries::plant(&repo);
        let bench = Bench { repo, state: folder.join("state"), tag: "backstage-xtask-test:demo".to_owned(), env };
        let built = bench.build(&[]).expect_success();
        assert_eq!(canaries::said(&built), Vec::<&str>::new());
        bench
    })
}

/// An edit that no build cache can know from an earlier run of these tests.
fn unlike_any_before() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("// {}", now.as_nanos())
}

const BACKEND_SOURCE: &str = "packages/backend/src/index.ts";

#[test]
fn nothing_changed_means_no_work_at_all() {
    let demo = demo();
    demo.build(&[]).expect_success();
    let again = demo.build(&[]).expect_success();
    assert!(again.ran().is_empty(), "{:?}", again.ran());
}

#[test]
fn a_lost_artifact_is_brought_back() {
    let demo = demo();
    let archive = demo.repo.join("packages/backend/dist/skeleton.tar.gz");
    std::fs::write(&archive, "x").unwrap();
    demo.build(&[]).expect_success();
    assert!(std::fs::metadata(&archive).unwrap().len() > 100);
    let verified = run(&mut demo.xtask(&["verify-artifacts"]));
    assert!(verified.contains("skeleton.tar.gz"), "{verified}");
}

#[test]
fn a_failed_gate_leaves_the_earlier_image() {
    let demo = demo();
    let _source = Restore::of(demo, BACKEND_SOURCE);
    let before = demo.image_id();
    demo.append(BACKEND_SOURCE, "const wrong: number = 'text';");
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    let failed = demo.build(&["--report", page.to_str().unwrap()]);
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    assert!(failed.stderr.contains("the step typecheck failed"), "{}", failed.stderr);
    let page = std::fs::read_to_string(page).unwrap();
    for expected in ["the step typecheck failed", "error TS2322", "Docker does not say why", "nothing was verified"] {
        assert!(page.contains(expected), "{expected} in {page}");
    }
    assert!(failed.stderr.contains("error TS2322"), "{}", failed.stderr);
    assert!(failed.stderr.contains("hint: the type check failed: `yarn tsc` shows the same"), "{}", failed.stderr);
    assert_eq!(demo.image_id(), before);
    assert_eq!(demo.leftovers(), Vec::<String>::new());
}

#[test]
fn secrets_are_nowhere() {
    let demo = demo();
    let mut haystacks =
        vec![("image history".to_owned(), docker(&["history", "--no-trunc", &demo.tag]).0.into_bytes())];
    haystacks.push(("image configuration".to_owned(), docker(&["image", "inspect", &demo.tag]).0.into_bytes()));
    haystacks.push(("build cache".to_owned(), docker(&["builder", "du", "--verbose"]).0.into_bytes()));
    let mut files = Vec::new();
    files_below(&demo.state, &mut files);
    haystacks.extend(files.into_iter().map(|file| (file.display().to_string(), std::fs::read(&file).unwrap())));
    for (name, bytes) in &haystacks {
        assert_eq!(canaries::found_in(bytes), Vec::<&str>::new(), "{name}");
    }
    assert_eq!(canaries_in_layers(&demo.tag), Vec::<String>::new());
}

/// Searches every byte of `docker save`, whose layers some Dockers compress.
fn canaries_in_layers(tag: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let unpack = format!("docker save {tag} | tar -xf - -C \"$0\"");
    run(Command::new("bash").args(["-euo", "pipefail", "-c", &unpack]).arg(folder.path()));
    let mut files = Vec::new();
    files_below(folder.path(), &mut files);
    embedded::grep_compressed(&canaries::ALL, &files)
}

#[test]
fn the_search_for_canaries_finds_one() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Dockerfile"), "FROM scratch\nCOPY leak /\n").unwrap();
    std::fs::write(folder.path().join("leak"), format!("x{}x", canaries::TOKEN)).unwrap();
    let tag = "backstage-xtask-test:leak";
    run(Command::new("docker").args(["build", "--quiet", "--tag", tag]).arg(folder.path()).env("DOCKER_BUILDKIT", "0"));
    assert_eq!(canaries_in_layers(tag).len(), 1);
    docker(&["image", "rm", tag]);
}

#[test]
fn an_interrupt_leaves_nothing_and_the_next_build_works() {
    let demo = demo();
    let before = demo.image_id();
    let (_source, child) = build_under_way(demo);
    run(Command::new("kill").args(["-INT", &child.id().to_string()]));
    let start = Instant::now();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    assert!(stderr.contains("interrupted; the previous image and artifacts are untouched"), "{stderr}");
    assert_eq!(demo.leftovers(), Vec::<String>::new());
    assert_eq!(demo.image_id(), before);
    assert_eq!(docker(&["ps", "--quiet"]).0, "");
    demo.build(&[]).expect_success();
}

#[test]
fn after_a_kill_the_next_build_just_works() {
    let demo = demo();
    let before = demo.image_id();
    let (_source, mut child) = build_under_way(demo);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(demo.image_id(), before);
    demo.build(&[]).expect_success();
    assert_ne!(demo.image_id(), before);
    assert_eq!(demo.leftovers(), Vec::<String>::new());
}

/// A build of an edited backend that has begun to work, and what takes the edit back.
fn build_under_way(demo: &Bench) -> (Restore, std::process::Child) {
    let source = Restore::of(demo, BACKEND_SOURCE);
    demo.append(BACKEND_SOURCE, &unlike_any_before());
    let mut child = demo.start();
    wait_for_a_step(&mut child);
    (source, child)
}

/// Reads messages until a step has done something.
fn wait_for_a_step(child: &mut std::process::Child) {
    let stdout = child.stdout.as_mut().unwrap();
    let mut reader = BufReader::new(stdout);
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap() > 0 {
        if line.contains("step-output") {
            return;
        }
        line.clear();
    }
    let mut stderr = String::new();
    child.stderr.as_mut().unwrap().read_to_string(&mut stderr).unwrap();
    panic!("no step did anything: {stderr}");
}

#[test]
fn a_second_build_waits_for_the_first() {
    let demo = demo();
    let (_source, mut first) = build_under_way(demo);
    let second = demo.xtask(&["build-image", "--tag", &demo.tag]).output().unwrap();
    let stderr = String::from_utf8_lossy(&second.stderr);
    assert!(second.status.success(), "{stderr}");
    assert!(stderr.contains("another build of this repository is running; waiting"), "{stderr}");
    assert!(first.wait().unwrap().success());
}

#[test]
fn a_base_image_that_cannot_be_had_is_the_environments_fault() {
    let demo = demo();
    let failed = demo.build(&["--base", "backstage-xtask-test/no-such-image:1"]);
    assert_eq!(failed.code, 3, "{}", failed.stderr);
    assert!(failed.stderr.contains("make one with `cargo xtask base-image`"), "{}", failed.stderr);
}

/// The default base image's name and its first layer.
fn default_base(demo: &Bench) -> (String, String) {
    let plan: serde_json::Value = serde_json::from_str(&run(&mut demo.xtask(&["build-image", "--plan"]))).unwrap();
    let base = plan["base_image"].as_str().unwrap().to_owned();
    let layer = docker(&["image", "inspect", "--format", "{{index .RootFS.Layers 0}}", &base]).0;
    (base, layer)
}

#[test]
fn a_base_image_may_come_from_an_archive() {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("base.tar");
    let copy = "backstage-xtask-test:base";
    let (base, layer) = default_base(demo);
    docker(&["tag", &base, copy]);
    run(Command::new("docker").args(["save", "--output"]).arg(&archive).arg(copy));
    docker(&["image", "rm", copy]);
    let page = folder.path().join("report.html");
    let flags = ["--base", &format!("docker-archive:{}", archive.display()), "--report", page.to_str().unwrap()];
    let built = demo.build(&flags).expect_success();
    assert_eq!(built.layers()[0], layer);
    let page = std::fs::read_to_string(page).unwrap();
    for expected in ["1. system", "dependencies: <strong>", "against the build before", "BX038"] {
        assert!(page.contains(expected), "{expected} in {page}");
    }
    docker(&["image", "rm", copy]);
}

#[test]
fn an_oci_archive_is_a_base_too() {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    let (saved, archive) = (folder.path().join("saved.tar"), folder.path().join("oci.tar"));
    let (base, layer) = default_base(demo);
    run(Command::new("docker").args(["save", "--output"]).arg(&saved).arg(&base));
    let transports = [format!("docker-archive:{}", saved.display()), format!("oci-archive:{}", archive.display())];
    run(Command::new("skopeo").args(["--insecure-policy", "copy", "--quiet"]).args(transports));
    let built = demo.build(&["--base", &format!("oci-archive:{}", archive.display())]).expect_success();
    assert_eq!(built.layers()[0], layer);
}

#[test]
fn a_file_that_is_no_certificate_is_refused_before_anything_runs() {
    let demo = demo();
    let failed = demo.build(&["--no-cache", "--ca-file", demo.repo.join("package.json").to_str().unwrap()]);
    assert_eq!(failed.code, 1);
    assert!(failed.stderr.contains("found no certificate, expected certificates in PEM form"), "{}", failed.stderr);
}

#[test]
fn a_full_disk_leaves_the_earlier_artifacts() {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(folder.path()).status();
    if !mounted.is_ok_and(|status| status.success()) {
        skip!("mounting a small tmpfs needs root");
    }
    std::fs::write(folder.path().join("skeleton.tar.gz"), "earlier").unwrap();
    let before = demo.image_id();
    let failed = demo.build(&["--artifacts", folder.path().to_str().unwrap()]);
    let kept = std::fs::read_to_string(folder.path().join("skeleton.tar.gz")).unwrap();
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    run(Command::new("umount").arg(folder.path()));
    assert_eq!(failed.code, 3, "{}", failed.stderr);
    assert!(failed.stderr.contains("hint: make room on its disk"), "{}", failed.stderr);
    assert_eq!((kept.as_str(), names.len()), ("earlier", 1));
    assert_eq!(demo.image_id(), before);
}

#[test]
fn a_folder_that_cannot_be_written_is_known_before_the_build() {
    let demo = demo();
    let file = demo.repo.join("package.json").join("dist");
    let failed = demo.build(&["--no-cache", "--artifacts", file.to_str().unwrap()]);
    assert_eq!(failed.code, 3, "{}", failed.stderr);
    assert!(failed.stderr.contains("hint: name a writable folder with `--artifacts DIR`"), "{}", failed.stderr);
}

/// As a deployer without this tool would: the committed Dockerfile, a bare clone, a plain `docker build`.
#[test]
fn image_goes_where_it_is_asked_to_with_documents() {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    let output = format!("oci:{}", folder.path().join("image").display());
    let built = demo.build(&["--engine", "docker", "--output", &output, "--attest"]).expect_success();
    let named = format!("{output}:{}", demo.tag);
    assert_eq!(built.message("finished")["written"], serde_json::json!([named]));
    run(&mut demo.xtask(&["verify-image", &named]));
    let index = std::fs::read_to_string(folder.path().join("image/index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_str(&index).unwrap();
    assert_eq!(index["manifests"].as_array().unwrap().len(), 4, "the image, two SBOMs and the provenance: {index}");
}

#[test]
fn the_rendered_dockerfile_builds_alone_from_a_clone() {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
        run(Command::new("git").arg("-C").arg(&demo.repo).args(identity).args(arguments));
    };
    run(&mut demo.xtask(&["render"]));
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "demo"]);
    let clone = folder.path().join("clone");
    run(Command::new("git").args(["clone", "--quiet"]).arg(&demo.repo).arg(&clone));
    let tag = "backstage-xtask-test:plain";
    // The plugin called as a program, since the first docker on the PATH may lack it.
    let found = ["/usr/libexec/docker/cli-plugins/docker-buildx", "/usr/lib/docker/cli-plugins/docker-buildx"];
    let plugin = found.iter().find(|path| std::path::Path::new(path).is_file());
    let mut build = plugin.map_or_else(|| Command::new("docker"), Command::new);
    build.args([
        "build",
        "--quiet",
        "--load",
        "--tag",
        tag,
        "--file",
        "packages/backend/Dockerfile.flightcontrol",
        ".",
    ]);
    run(build.current_dir(&clone));
    let command = docker(&["image", "inspect", "--format", "{{json .Config.Cmd}} {{.Config.User}}", tag]).0;
    assert_eq!(
        command,
        r#"["node","packages/backend","--config","app-config.yaml","--config","app-config.production.yaml","--config","app-config.production.flightcontrol.yaml"] 1000:1000"#
    );
    docker(&["image", "rm", tag]);
    std::fs::remove_dir_all(demo.repo.join(".git")).unwrap();
    for file in [deployment::FLIGHTCONTROL, monorepo::FLIGHTCONTROL_CONFIG] {
        std::fs::remove_file(demo.repo.join(file)).unwrap();
    }
}

#[test]
fn app_belongs_to_the_user_it_runs_as() {
    let demo = demo();
    let list =
        "stat -c '%u:%g %a' /app /app/packages /app/node_modules /app/app-config.yaml /app/packages/backend/dist";
    let (text, _) = docker(&["run", "--rm", "--network", "none", &demo.tag, "sh", "-c", list]);
    for line in text.lines() {
        assert!(line == "1000:1000 755" || line == "1000:1000 644", "{text}");
    }
    assert_eq!(text.lines().count(), 5, "{text}");
    let (tools, _) = docker(&[
        "run",
        "--rm",
        "--network",
        "none",
        &demo.tag,
        "sh",
        "-c",
        "command -v gcc g++ make python3 yarn; ls -A /root /home/node; ls -d /cache /opt/* /stages /out 2>/dev/null; true",
    ]);
    assert!(
        !tools.contains("gcc") && !tools.contains("python3") && !tools.contains("yarn") && !tools.contains("/cache"),
        "{tools}"
    );
}

#[test]
fn packages_and_mkdocs_run_in_the_image_and_nothing_else_is_made_again() {
    let demo = demo();
    let settings = demo.repo.join("xtask.toml");
    std::fs::write(&settings, "[runtime]\npackages = [\"jq\"]\n\n[techdocs]\nenabled = true\n").unwrap();
    let built = demo.build(&[]);
    std::fs::remove_file(settings).unwrap();
    let ran = built.expect_success().ran();
    // BuildKit assembles anew, which takes a second, when any file of the context is new.
    let others = ["assemble", "runtime-packages", "techdocs"];
    assert!(ran.iter().all(|step| others.contains(&step.as_str())), "{ran:?}");
    let in_image = |command: &[&str]| {
        let run = ["run", "--rm", "--network", "none", "--read-only", "--entrypoint"];
        docker(&[&run, &command[..1], &[demo.tag.as_str()], &command[1..]].concat()).0
    };
    assert!(in_image(&["jq", "--version"]).starts_with("jq-1."));
    assert!(in_image(&["mkdocs", "--version"]).starts_with("mkdocs, version 1.6.1 from /usr/local/lib/techdocs/"));
    let programs = "id -u; command -v gcc g++ make pip pip3";
    let files = "find /usr/share/python-wheels /run/secrets /var/lib/apt/lists /var/cache/apt -type f 2>/dev/null";
    assert_eq!(in_image(&["sh", "-c", &format!("{programs}; {files}")]), "1000");
    demo.build(&[]).expect_success();
}
