//! The demo's image booted as production would, and broken ones: what each says, that it keeps the earlier
//! image, and that nothing is left of any of them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says what is wrong by failing")]

mod harness;

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use harness::host::{Untouched, booting_family, containers, wait_for_end};
use harness::skip::{record, skip};
use harness::{Bench, Built, Restore, docker, embedded, run};
use image::{Compression, ImageSpec, LayerFiles, Layout, Owner, write_image, write_layer};
use tempfile::TempDir;

/// The demo, built.
fn demo() -> &'static Bench {
    static DEMO: OnceLock<Bench> = OnceLock::new();
    DEMO.get_or_init(|| {
        let bench = embedded::demo();
        bench.embedded(&[]).expect_success();
        bench
    })
}

fn name(layout: &std::path::Path, tag: &str) -> String {
    format!("oci:{}:{tag}", layout.display())
}

fn image() -> String {
    name(&demo().layout(), &demo().tag)
}

fn command(image: &str, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backstage-xtask"));
    command.args(["boot-image", image, "--message-format", "json", "--state-dir"]).arg(&demo().state).args(flags);
    command.stdin(Stdio::null());
    command
}

fn boot(image: &str, flags: &[&str]) -> Built {
    let _untouched = Untouched::new();
    let done = Built::from(command(image, flags).output().unwrap());
    assert_eq!(scratch_folders(), Vec::<PathBuf>::new());
    assert_eq!(containers(), Vec::<String>::new());
    done
}

/// Folders that live as long as one boot.
fn scratch_folders() -> Vec<PathBuf> {
    let states = std::fs::read_dir(&demo().state).unwrap().flatten().map(|entry| entry.path());
    let inside =
        states.filter(|folder| folder.join("repository").exists()).flat_map(std::fs::read_dir).flatten().flatten();
    inside.map(|entry| entry.path()).filter(|path| path.display().to_string().contains("/scratch-")).collect()
}

/// A copy of the demo's image, made into something else.
fn changed(change: impl FnOnce(&Layout, &mut ImageSpec)) -> (TempDir, String) {
    let bench = demo();
    let folder = embedded::passing_folder("boot-");
    let place = folder.path().join("layout");
    run(Command::new("cp").arg("-al").arg(bench.layout()).arg(&place));
    let layout = Layout::open(&place).unwrap();
    let image = layout.image(&bench.tag).unwrap();
    let config = image.config.config;
    let mut spec = ImageSpec {
        architecture: "amd64".to_owned(),
        created: "2026-01-02T03:04:05Z".to_owned(),
        user: config.user,
        env: config.env,
        entrypoint: config.entrypoint,
        cmd: config.cmd,
        working_dir: config.working_dir,
        exposed_ports: vec!["7007/tcp".to_owned()],
        layers: image.layers,
        ..ImageSpec::default()
    };
    change(&layout, &mut spec);
    write_image(&layout, &spec, "changed").unwrap();
    (folder, name(&place, "changed"))
}

/// Adds a layer that takes a path away.
fn without(layout: &Layout, spec: &mut ImageSpec, folder: &str, name: &str) {
    let mut files = LayerFiles::new();
    files.add_bytes(format!("{folder}/.wh.{name}"), Vec::new(), 0o644, Owner::ROOT).unwrap();
    spec.layers.push(write_layer(layout, &files, Compression::Gzip, 0).unwrap());
}

fn fails(image: &str, flags: &[&str], words: &[&str]) {
    let done = boot(image, flags);
    assert_eq!(done.code, 1, "{}", done.stderr);
    let message = done.message("error")["message"].as_str().unwrap();
    for words in words {
        assert!(message.contains(words), "{words} in {message}");
    }
    println!("{message}\n");
}

#[test]
fn a_sound_image_is_ready_answers_and_ends() {
    let done = boot(&image(), &[]).expect_success();
    let booted = done.message("booted");
    println!("{booted}");
    assert!(booted["scripts"].as_array().unwrap().len() > 1, "{booted}");
    assert_eq!(booted["catalog"], true);
    let (peak, limit) = (booted["peak_memory"].as_u64().unwrap(), booted["memory_limit"].as_u64().unwrap());
    assert!(peak > 50 << 20 && peak < limit && limit == 1 << 30, "{booted}");
    assert!(booted["stop_seconds"].as_f64().unwrap() < 10.0);
}

#[test]
fn archives_and_docker_boot_the_same_image() {
    let bench = demo();
    let folder = embedded::passing_folder("boot-");
    for form in ["oci-archive", "docker-archive"] {
        let place = format!("{form}:{}", folder.path().join(form).display());
        bench.embedded(&["--output", &place]).expect_success();
        boot(&place, &[]).expect_success();
    }
    if docker(&["version"]).1 {
        demo().embedded(&["--load"]).expect_success();
        let done = boot(&demo().tag, &[]).expect_success();
        println!("{}", done.message("booted"));
        assert_eq!(done.message("booted")["memory_limited_by"], "kernel");
        docker(&["image", "rm", &demo().tag]);
    }
}

#[test]
fn another_database_than_the_given_one_is_refused() {
    let words = ["its startup failed\n  | ", "ECONNREFUSED", "hint: the configuration leads to another database"];
    fails(&image(), &["--env", "POSTGRES_PORT=1"], &words);
}

#[test]
fn a_missing_variable_is_named() {
    let (_folder, image) = changed(|layout, spec| {
        let mut files = LayerFiles::new();
        let text = b"backend:\n  baseUrl: ${PORTAL_URL}\n".to_vec();
        files.add_bytes("app/app-config.other.yaml", text, 0o644, Owner::ROOT).unwrap();
        spec.layers.push(write_layer(layout, &files, Compression::Gzip, 0).unwrap());
        spec.cmd = ["node", "packages/backend", "--config", "app-config.other.yaml"].map(str::to_owned).to_vec();
    });
    fails(&image, &[], &["Missing required config value at 'backend", "not set: PORTAL_URL", "--env NAME=VALUE"]);
}

#[test]
fn a_missing_module_is_named_with_the_manifest_to_declare_it_in() {
    let (_folder, image) =
        changed(|layout, spec| without(layout, spec, "app/node_modules/@backstage", "plugin-auth-backend"));
    let words = [
        "Cannot find package '@backstage/plugin-auth-backend' imported from /app/packages/backend/",
        "in packages/backend/package.json",
    ];
    fails(&image, &[], &words);
}

#[test]
fn an_addon_that_was_not_built_is_found_without_a_boot() {
    let (_folder, image) = changed(|layout, spec| without(layout, spec, "app/node_modules/better-sqlite3", "build"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_backstage-xtask"));
    let done = Built::from(command.args(["verify-image", &image, "--message-format", "json"]).output().unwrap());
    assert_eq!(done.code, 1, "{}", done.stderr);
    let findings = done.message("image")["verification"]["findings"].as_array().unwrap().clone();
    let codes: Vec<_> = findings.iter().filter(|one| one["severity"] == "error").map(|one| &one["code"]).collect();
    assert_eq!(codes, ["BI025"], "{findings:#?}");
}

#[test]
fn a_missing_frontend_is_noticed_although_the_backend_is_ready() {
    let (_folder, image) = changed(|layout, spec| without(layout, spec, "app/packages/app/dist", "static"));
    fails(&image, &[], &["/: found 404", "Can't serve static app content", "the app is not in the image"]);
}

#[test]
fn too_little_memory_is_said_so() {
    fails(&image(), &["--memory", "60M"], &["memory", "--memory 2G"]);
}

#[test]
fn an_image_that_is_never_ready_is_given_up() {
    let (_folder, image) = changed(|_, spec| {
        let says_it_all = "console.error('error', process.env); setInterval(() => {}, 1000)";
        spec.cmd = ["node", "-e", says_it_all].map(str::to_owned).to_vec();
    });
    let (secret, random) = ("canary-of-a-boot", "4canary0of1a2boot");
    let (token, other) = (format!("PORTAL_TOKEN={secret}"), format!("PORTAL={random}"));
    let done = boot(&image, &["--timeout", "2", "--env", &token, "--env", &other]);
    let said = format!("{}{:?}", done.stderr, done.message("error"));
    assert!(done.code == 1 && said.contains("was not ready within 2 s"), "{said}");
    assert!(!said.contains(secret) && !said.contains(random), "{said}");
    let log = done.stderr.split_whitespace().find(|word| word.ends_with("backend.log")).unwrap();
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("PORTAL_TOKEN: '***'") && !log.contains(secret) && !log.contains(random), "{log}");
}

#[test]
fn what_is_not_the_images_fault_has_another_code() {
    let done = boot(&image(), &["--database-url", "postgresql://me:hush@127.0.0.1:1/portal"]);
    assert_eq!(done.code, 3, "{}", done.stderr);
    assert!(done.stderr.contains("the database at 127.0.0.1:1 cannot be reached"), "{}", done.stderr);
    assert!(!done.stderr.contains("hush"));
    let done = boot("oci:/no/such/folder", &[]);
    assert_eq!(done.code, 1, "an image that is not there is the image's fault: {}", done.stderr);
}

#[test]
fn a_build_with_a_boot_names_only_what_runs() {
    let bench = demo();
    let layout = || Layout::open(bench.layout()).unwrap().image(&bench.tag).unwrap().manifest.digest;
    let before = layout();
    {
        let _restore = Restore::of(bench, "app-config.production.yaml");
        bench.replace("app-config.production.yaml", "${POSTGRES_PORT}", "1");
        let failed = bench.embedded(&["--boot"]);
        assert_eq!(failed.code, 1, "{}", failed.stderr);
        assert!(failed.stderr.contains("does not run, so it is not tagged"), "{}", failed.stderr);
        assert_eq!(layout(), before);
    }
    let done = bench.embedded(&["--boot"]).expect_success();
    assert!(done.message("booted")["ready_seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(layout(), before);
}

#[test]
fn a_build_by_docker_with_a_boot_names_only_what_runs() {
    if !docker(&["image", "inspect", "node:24-trixie-slim"]).1 {
        skip!("no Docker with the base image node:24-trixie-slim");
    }
    let bench = Bench {
        tag: "backstage-xtask-test:boot".to_owned(),
        ..demo().with_state(&embedded::folder().join("state-of-docker"))
    };
    let _untouched = Untouched::new();
    let done = bench.build(&["--engine", "docker", "--boot"]).expect_success();
    println!("{}", done.message("booted"));
    let before = bench.image_id();
    let _restore = Restore::of(&bench, "app-config.production.yaml");
    bench.replace("app-config.production.yaml", "${POSTGRES_PORT}", "1");
    let failed = bench.build(&["--engine", "docker", "--boot"]);
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    assert!(failed.stderr.contains("does not run, so it is not tagged"), "{}", failed.stderr);
    assert_eq!(bench.image_id(), before);
    assert_eq!(containers(), Vec::<String>::new());
    docker(&["image", "rm", &bench.tag]);
}

#[test]
fn nothing_is_left_of_an_interrupted_or_killed_boot() {
    let mut images = vec![image()];
    if docker(&["version"]).1 {
        demo().embedded(&["--load"]).expect_success();
        images.push(demo().tag.clone());
    }
    for (image, signal, to_group, code) in images.iter().flat_map(|image| {
        [(image, "INT", true, Some(130)), (image, "TERM", false, Some(130)), (image, "KILL", false, None)]
    }) {
        let _untouched = Untouched::new();
        let mut process =
            command(image, &[]).process_group(0).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let is_booting = |line: &str| line.contains(r#""event":"step-started","step":"boot""#);
        assert!(lines.any(|line| is_booting(&line.unwrap())));
        let family = booting_family(process.id());
        let sign = if to_group { "-" } else { "" };
        run(Command::new("kill").args(["-s", signal, "--", &format!("{sign}{}", process.id())]));
        assert_eq!(process.wait().unwrap().code(), code, "{image} {signal}");
        wait_for_end(&family);
        if code.is_none() {
            // What a killed one could not remove, the next one does.
            boot(image, &[]).expect_success();
        }
        assert_eq!(scratch_folders(), Vec::<PathBuf>::new(), "{image} {signal}");
    }
    if images.len() == 1 {
        skip!("no Docker works here; only sandboxes were interrupted");
    }
    docker(&["image", "rm", &demo().tag]);
}
