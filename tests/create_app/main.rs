//! A real app of create-app: deployed as a deployer would, booted with a real PostgreSQL, edited and built again.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test says what is wrong by failing")]

#[path = "../harness/mod.rs"]
mod harness;

mod deployment;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use harness::{Bench, docker, run, workspace};

const PORT: u16 = 7007;
const DATABASE_PORT: &str = "55437";
const CONTAINER: &str = "backstage-xtask-test-app";

/// The app's folder; made anew unless BACKSTAGE_XTASK_TEST_APP names one that is there.
fn app(folder: &Path) -> PathBuf {
    let repo = folder.join("my-backstage");
    match std::env::var_os("BACKSTAGE_XTASK_TEST_APP") {
        Some(made) => {
            run(Command::new("git").args(["clone", "--quiet"]).arg(made).arg(&repo));
        }
        None => {
            run(Command::new(workspace().join("tests/support/create-app.sh")).arg(&repo));
        }
    }
    repo
}

/// A PostgreSQL that goes away with the test.
struct Database(PathBuf);

impl Database {
    fn start(folder: &Path) -> Self {
        let script = workspace().join("tests/support/postgres.sh");
        let data = folder.join("postgres");
        run(Command::new(&script).arg("start").arg(&data).arg(DATABASE_PORT));
        Self(data)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let script = workspace().join("tests/support/postgres.sh");
        let _ = Command::new(script).arg("stop").arg(&self.0).status();
    }
}

/// A running container that goes away with the test.
struct Container;

impl Container {
    fn start(tag: &str) -> Self {
        docker(&["rm", "--force", CONTAINER]);
        let connection =
            format!("POSTGRES_CON_STRING=postgresql://postgres:postgres@127.0.0.1:{DATABASE_PORT}/postgres");
        let mut command = Command::new("docker");
        command.args(["run", "--detach", "--name", CONTAINER, "--network", "host"]);
        // As OpenShift would: nothing to write to, a user that the image does not know, in group 0.
        command.args(["--read-only", "--tmpfs", "/tmp", "--user", "54321:0", "--memory", "1g"]);
        run(command.args(["--env", &connection, tag]));
        Self
    }

    /// Whether the image's own health check, run in the container, says that it is well.
    fn is_well() -> bool {
        let check = docker(&["inspect", "--format", "{{json .Config.Healthcheck.Test}}", CONTAINER]).0;
        let check: Vec<String> = serde_json::from_str(&check).unwrap();
        assert_eq!(check[0], "CMD");
        let command = check[1..].iter().map(String::as_str);
        docker(&["exec", CONTAINER].into_iter().chain(command).collect::<Vec<_>>()).1
    }

    /// Megabytes that Node lets its heap grow to, by the memory that the container may have.
    fn heap_limit() -> u64 {
        let question = "Math.round(v8.getHeapStatistics().heap_size_limit / 2 ** 20)";
        docker(&["exec", CONTAINER, "node", "--print", question]).0.trim().parse().unwrap()
    }

    /// Sends SIGTERM, and gives the exit code.
    fn stop() -> String {
        docker(&["stop", "--time", "10", CONTAINER]);
        docker(&["inspect", "--format", "{{.State.ExitCode}}", CONTAINER]).0.trim().to_owned()
    }

    fn logs() -> String {
        let output = Command::new("docker").args(["logs", CONTAINER]).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        docker(&["rm", "--force", CONTAINER]);
    }
}

/// Status and body of a page of the backend.
fn get(path: &str) -> (u16, String) {
    let url = format!("http://127.0.0.1:{PORT}{path}");
    let output = Command::new("curl")
        .args(["--silent", "--max-time", "10", "--write-out", "\n%{http_code}", &url])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').unwrap_or(("", "0"));
    (status.parse().unwrap_or(0), body.to_owned())
}

fn boots(tag: &str, folder: &Path) {
    let _database = Database::start(folder);
    let _container = Container::start(tag);
    let start = Instant::now();
    assert!(!Container::is_well(), "nothing answers yet");
    while get("/.backstage/health/v1/readiness").0 != 200 {
        assert!(start.elapsed() < Duration::from_secs(90), "not ready\n{}", Container::logs());
        std::thread::sleep(Duration::from_millis(250));
    }
    println!("ready in {:.1} s", start.elapsed().as_secs_f64());
    assert!(Container::is_well(), "{}", Container::logs());
    let heap = Container::heap_limit();
    assert!((400..700).contains(&heap), "{heap} MB of heap in a container of 1 GB");
    let (status, page) = get("/");
    assert_eq!(status, 200, "{page}");
    let script =
        page.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()).find(|source| source.ends_with(".js"));
    let script = script.unwrap_or_else(|| panic!("no script in {page}"));
    let (status, body) = get(script);
    assert_eq!(status, 200, "{script}");
    // The single-page app answers every unknown path with its page.
    assert!(!body.contains("<html"), "{script} is not a script");
    assert_eq!(Container::stop(), "0", "{}", Container::logs());
}

#[test]
fn a_new_app_is_deployed_from_a_clone_boots_and_is_built_again_only_where_it_changed() {
    let folder = tempfile::tempdir().unwrap();
    // PostgreSQL runs as another user when the tests run as root.
    run(Command::new("chmod").arg("755").arg(folder.path()));
    let repo = app(folder.path());
    let bench = Bench { repo, state: folder.path().join("state"), tag: "my-backstage".to_owned(), env: Vec::new() };
    let found = codes(&bench, "packages/backend/Dockerfile");
    assert_eq!(found, ["BF016", "BF016", "BF024", "BF024"], "its archives are in no clone, its address is localhost");
    let start = Instant::now();
    deployment::follow(&bench, folder.path());
    println!("vendored, rendered, checked and built from a clone: {:.1} s", start.elapsed().as_secs_f64());
    boots(&bench.tag, folder.path());
    let first = bench.build(&[]).expect_success();
    println!("the same by the tool: {:.1} s", first.seconds());

    let again = bench.build(&[]).expect_success();
    println!("nothing changed: {:.2} s", again.seconds());
    assert_eq!(again.ran(), Vec::<String>::new());

    bench.append("packages/backend/src/index.ts", &line());
    let backend = bench.build(&[]).expect_success();
    println!("backend edit: {:.1} s", backend.seconds());
    assert_eq!(backend.ran(), ["assemble", "build-backend", "typecheck"]);
    let changed: Vec<_> = backend.layers().into_iter().filter(|layer| !first.layers().contains(layer)).collect();
    assert_eq!(changed.len(), 1, "only the application's layer: {changed:?}");

    bench.append("packages/app/src/App.tsx", &line());
    let app = bench.build(&[]).expect_success();
    println!("app edit: {:.1} s", app.seconds());
    assert_eq!(app.ran(), ["assemble", "build-app", "build-backend", "typecheck"]);

    docker(&["image", "rm", &bench.tag]);
}

/// What `check` finds in a Dockerfile.
fn codes(bench: &Bench, dockerfile: &str) -> Vec<String> {
    let output = bench.xtask(&["check", "--dockerfile", dockerfile, "--message-format", "json"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let message: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let findings = message["findings"].as_array().unwrap_or_else(|| panic!("{text}"));
    findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

/// One line that no build cache can know from an earlier run.
fn line() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("// {}", now.as_nanos())
}
