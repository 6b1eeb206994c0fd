//! Steps that try to get out of their sandbox.

use std::net::TcpListener;
use std::path::PathBuf;

use crate::demo;
use crate::harness::host::{Untouched, processes};
use crate::harness::{Bench, Built, Restore, embedded};

const PLUGIN: &str = "plugins/hello-backend";
const PLUGIN_MANIFEST: &str = "plugins/hello-backend/package.json";
const APP_MANIFEST: &str = "packages/app/package.json";
const ROOT_MANIFEST: &str = "package.json";
const BUILD: &str = "\"build\": \"backstage-cli package build\"";
/// Backstage runs a script of a package's own when it does not begin with its command.
const BEFORE_BUILD: [&str; 2] = [BUILD, "\"build\": \"sh ./hostile.sh && backstage-cli package build --role cli\""];
const INSTEAD_OF_BUILD: [&str; 2] = [BUILD, "\"build\": \"sh ./hostile.sh\""];
const AFTER_INSTALL: [&str; 2] = ["\"scripts\": {", "\"scripts\": {\n    \"postinstall\": \"sh ./hostile.sh\","];
/// What a process of the host's must not be able to read.
const SECRET: &str = "secret-of-the-host-c4a1";

/// A build script in place of a package's own; it and the manifest are as before when this is dropped.
struct Hostile {
    script: PathBuf,
    _manifest: Restore,
    _untouched: Untouched,
}

impl Hostile {
    /// `line` of the manifest is replaced by `hostile`, which is to run `hostile.sh`.
    fn new(bench: &Bench, manifest: &str, [line, hostile]: [&str; 2], script: &str) -> Self {
        let untouched = Untouched::new();
        let restore = Restore::of(bench, manifest);
        let file = bench.repo.join(manifest).with_file_name("hostile.sh");
        std::fs::write(&file, script).unwrap();
        std::fs::write(file.with_extension("py"), include_str!("hostile.py")).unwrap();
        bench.replace(manifest, line, hostile);
        Self { script: file, _manifest: restore, _untouched: untouched }
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.script);
        let _ = std::fs::remove_file(self.script.with_extension("py"));
        let _ = std::fs::remove_dir_all(secret_folder());
    }
}

/// A folder of the host that is in no sandbox.
fn secret_folder() -> PathBuf {
    embedded::folder().join("host")
}

fn write_secret() -> PathBuf {
    std::fs::create_dir_all(secret_folder()).unwrap();
    std::fs::write(secret_folder().join("index.html"), SECRET).unwrap();
    secret_folder()
}

/// What a step said that begins with this word.
fn said(built: &Built, word: &str) -> Vec<String> {
    let lines = built.messages.iter().filter(|message| message["event"] == "step-output");
    let lines = lines.map(|message| message["line"].as_str().unwrap().to_owned());
    // The line begins with the name of the package.
    lines.filter(|line| line.contains(&format!(": {word}"))).collect()
}

fn sleeps() -> usize {
    let is_sleep =
        |folder: &PathBuf| std::fs::read(folder.join("cmdline")).is_ok_and(|line| line == b"sleep\x0098765\0");
    processes().iter().filter(|folder| is_sleep(folder)).count()
}

#[test]
fn a_build_script_reaches_nothing_outside_and_leaves_no_process() {
    let bench = &demo().bench;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let secret = write_secret();
    let script = include_str!("hostile.sh")
        .replace("@SECRET@", &secret.join("index.html").display().to_string())
        .replace("@REPO@", &bench.repo.display().to_string())
        .replace("@HOME@", &std::env::var("HOME").unwrap_or_default())
        .replace("@PORT@", &port.to_string());
    let _hostile = Hostile::new(bench, PLUGIN_MANIFEST, BEFORE_BUILD, &script);
    let built = bench.embedded(&[]).expect_success();
    assert_eq!(said(&built, "tried").len(), 1, "{}", built.stderr);
    assert_eq!(said(&built, "escaped"), Vec::<String>::new());
    assert!(listener.accept().is_err(), "a build step reached a port of the host");
    assert_eq!(sleeps(), 0, "a process is left");
    assert!(!PathBuf::from("/dev/backstage-xtask-test").exists());
    assert!(!bench.repo.join("written-by-a-step").exists());
    assert!(!bench.repo.join(PLUGIN).join("written-by-a-step").exists());
}

#[test]
fn a_build_that_fails_leaves_no_process_either() {
    let bench = &demo().bench;
    let _hostile = Hostile::new(bench, PLUGIN_MANIFEST, BEFORE_BUILD, "nohup sleep 98765 &\nsleep 98765 &\nexit 1\n");
    let failed = bench.embedded(&[]);
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    assert_eq!(sleeps(), 0);
}

/// The build must fail, or its image be without the secret.
fn gives_nothing_away(bench: &Bench) {
    let built = bench.embedded(&[]);
    let found = embedded::grep(&[SECRET], &[bench.own_state()]);
    assert_eq!(found, Vec::<String>::new(), "exit code {}: {}", built.code, built.stderr);
    let in_image = embedded::grep_layers(&[SECRET], &bench.layout(), &bench.tag);
    assert_eq!(in_image, Vec::<String>::new(), "exit code {}", built.code);
    assert_eq!(built.code, 1, "{}", built.stderr);
}

#[test]
fn an_output_that_is_a_link_to_the_host_gives_nothing_away() {
    let bench = &demo().bench;
    let script = format!("rm -rf dist && ln -s {} dist\n", write_secret().display());
    let _hostile = Hostile::new(bench, APP_MANIFEST, INSTEAD_OF_BUILD, &script);
    gives_nothing_away(bench);
}

#[test]
fn a_package_that_is_a_link_to_the_host_gives_nothing_away() {
    let bench = &demo().bench;
    let secret = write_secret();
    std::fs::create_dir_all(secret.join("dist")).unwrap();
    std::fs::rename(secret.join("index.html"), secret.join("dist/index.html")).unwrap();
    let script = format!("mkdir dist && cd .. && mv app elsewhere && ln -s {} app\n", secret.display());
    let _hostile = Hostile::new(bench, APP_MANIFEST, INSTEAD_OF_BUILD, &script);
    gives_nothing_away(bench);
}

#[test]
fn installed_packages_that_are_a_link_to_the_host_give_nothing_away() {
    let bench = &demo().bench;
    let script = format!(
        "rm -rf plugins/hello/node_modules && mkdir -p plugins/hello && ln -s {} plugins/hello/node_modules\n",
        write_secret().display()
    );
    let _hostile = Hostile::new(bench, ROOT_MANIFEST, AFTER_INSTALL, &script);
    gives_nothing_away(bench);
}
