//! What a backend died of: the first real error of its log, and what is known about it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use process::without_escapes;
use serde_json::Value;

use crate::answers::STARTUP_FAILED;
use crate::known::{Blame, KNOWN};

/// Most bytes of a log that are read; the first error is near its start.
const LIMIT: u64 = 16 << 20;
/// Most lines, and most characters of a line, that are shown of an error.
const LINES: usize = 6;
const WIDTH: usize = 300;
/// Begins what the supervisor says.
const OURS: &str = "boot: ";
const UNSET: &str = "boot: not set: ";

/// The reason why a backend does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The error, in a few lines.
    pub cause: String,
    /// What to do about it, when that is known.
    pub hint: Option<String>,
    /// What is to blame.
    pub blame: Blame,
}

/// The first error in a log that is known, else the first one.
pub fn diagnose(log: &Path) -> Option<Diagnosis> {
    let text = read(log);
    let errors = errors(&text);
    let known = |error: &&String| missing_module(error).is_some() || row(error).is_some();
    let error = errors.iter().find(known).or_else(|| errors.first())?;
    let row = row(error);
    let hint = missing_module(error).or_else(|| row.map(|row| row.hint.to_owned()));
    Some(Diagnosis { cause: shown(error), hint, blame: row.map_or(Blame::Image, |row| row.blame) })
}

/// Whether a backend runs on although its startup failed.
pub fn startup_failed(log: &Path) -> bool {
    read(log).contains(STARTUP_FAILED)
}

/// The variables that a configuration refers to and that were not set.
pub fn unset_variables(log: &Path) -> Vec<String> {
    let text = read(log);
    let line = text.lines().find_map(|line| line.strip_prefix(UNSET));
    line.map(|names| names.split(' ').map(str::to_owned).collect()).unwrap_or_default()
}

fn read(log: &Path) -> String {
    let mut bytes = Vec::new();
    let _ = File::open(log).and_then(|file| file.take(LIMIT).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// All errors of a log: messages of that level, and what Node, an engine or the supervisor says itself.
fn errors(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Ok(Value::Object(entry)) = serde_json::from_str(line) {
            let field = |name: &str| entry.get(name).and_then(Value::as_str);
            if field("level") == Some("error") {
                let message = field("message").unwrap_or_default();
                // The message often ends with that of the error whose stack follows.
                let stack = field("stack").map(without_frames).filter(|stack| !message.contains(without_name(stack)));
                let parts = std::iter::once(message).chain(stack);
                found.push(parts.collect::<Vec<_>>().join("\n"));
            }
        } else if is_error(line) {
            let mut error = line.to_owned();
            while let Some(more) = lines.next_if(|more| more.starts_with("Require stack:") || more.starts_with("- ")) {
                error += "\n";
                error += more;
            }
            found.push(error);
        }
    }
    found
}

fn is_error(line: &str) -> bool {
    let is_named = line.contains("Error: ") || line.contains("Error [") || line.starts_with("error: ");
    (is_named && !line.starts_with(char::is_whitespace)) || is_of_the_engine(line)
}

fn is_of_the_engine(line: &str) -> bool {
    let is_ours = line.starts_with(OURS) && !line.starts_with(UNSET) && !line.starts_with("boot: ended with");
    is_ours || line.starts_with("bwrap: ") || line.starts_with("docker: ") || line.starts_with("FATAL ERROR: ")
}

/// The part of a stack before the frames.
fn without_frames(stack: &str) -> &str {
    stack.split("\n    at ").next().unwrap_or(stack)
}

/// A message without the name of its error.
fn without_name(text: &str) -> &str {
    text.split_once("Error: ").map_or(text, |(_, message)| message)
}

fn row(error: &str) -> Option<&'static crate::known::Known> {
    KNOWN.iter().find(|known| known.words.iter().all(|word| error.contains(word)))
}

/// For people: the first lines, without what could draw on a terminal.
fn shown(error: &str) -> String {
    // Errors that hold another: the innermost is what happened.
    let error = error.replace("; caused by ", "\ncaused by ").replace(", Error: ", "\nError: ");
    let lines = error.lines().filter(|line| !line.trim_start().starts_with("at ")).take(LINES);
    let line = |line: &str| without_escapes(line).chars().take(WIDTH).collect::<String>();
    lines.map(line).collect::<Vec<_>>().join("\n")
}

/// Which manifest should declare a module that was not found.
fn missing_module(error: &str) -> Option<String> {
    let after = |words: &str| Some(error.split_once(words)?.1.split(['\'', '"']).next()?.to_owned());
    let module = after("Cannot find module '").or_else(|| after("Cannot find package '"))?;
    let asking = error.split_once("Require stack:\n- ").map(|(_, rest)| rest.lines().next().unwrap_or_default());
    let asking = asking.or_else(|| error.split_once(" imported from ")?.1.split_whitespace().next());
    if module.starts_with(['.', '/']) {
        return Some(format!(
            "the file {} is not in the image: the build left it out, or the package's `files` does",
            module.escape_debug()
        ));
    }
    let package = package_name(&module);
    let declare = match asking.map(manifest_of) {
        Some(Manifest::Ours(manifest)) => format!("declare it under `dependencies` in {manifest}"),
        Some(Manifest::Foreign(name)) => format!(
            "{name} uses it and does not declare it: add it to the backend's manifest, or a packageExtension for {name} in \
             .yarnrc.yml"
        ),
        None => "declare it under `dependencies` of the package that uses it".to_owned(),
    };
    Some(format!("{package} is not in the image: {declare}, then `yarn install`; devDependencies are not installed"))
}

/// `@scope/name` of `@scope/name/some/file`.
fn package_name(module: &str) -> String {
    let parts = if module.starts_with('@') { 2 } else { 1 };
    module.split('/').take(parts).collect::<Vec<_>>().join("/").escape_debug().to_string()
}

enum Manifest {
    /// Of a package of the repository.
    Ours(String),
    /// Of a package from a registry, by name.
    Foreign(String),
}

/// Whose file it is: everything of the repository keeps its place below the image's folder.
fn manifest_of(file: &str) -> Manifest {
    if let Some((_, inside)) = file.rsplit_once("/node_modules/") {
        return Manifest::Foreign(package_name(inside));
    }
    let folder = file.rsplit_once("/dist/").or_else(|| file.rsplit_once("/src/")).or_else(|| file.rsplit_once('/'));
    let folder = folder.map_or("", |(folder, _)| folder).trim_start_matches("/app/");
    Manifest::Ours(format!("{}/package.json", folder.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnosed(log: &str) -> Diagnosis {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), log).unwrap();
        diagnose(file.path()).unwrap()
    }

    const STARTED: &str = r#"{"level":"info","message":"Listening on :7007","service":"rootHttpRouter"}"#;

    #[test]
    fn the_first_error_counts_and_not_the_last() {
        let log = format!(
            "{STARTED}\nAcquire connection error: Error: connect ECONNREFUSED 127.0.0.1:1\n    at TCPConnectWrap.afterConnect\n\
             {}\n{}\n",
            r#"{"level":"error","message":"Plugin 'app' threw an error during startup. Failed","service":"backstage"}"#,
            r#"{"level":"error","message":"Unhandled rejection Backend startup failed due to the following errors:"}"#,
        );
        let found = diagnosed(&log);
        assert_eq!(found.cause, "Acquire connection error: Error: connect ECONNREFUSED 127.0.0.1:1");
        assert!(found.hint.unwrap().contains("leads to another database"));
        assert_eq!(found.blame, Blame::Database);
    }

    #[test]
    fn the_innermost_error_is_shown() {
        let line = r#"{"level":"error","message":"Plugin 'app' threw an error during startup. Failed to instantiate service 'core.auth' for 'app' because the factory function threw an error, Error: Missing required config value at 'backend.baseUrl' in 'app-config.other.yaml'","service":"backstage","stack":"Error: Failed to instantiate service 'core.auth' for 'app' because the factory function threw an error, Error: Missing required config value at 'backend.baseUrl' in 'app-config.other.yaml'\n    at x (/app/a.js:1:2)"}"#;
        let found = diagnosed(line);
        let lines: Vec<_> = found.cause.lines().collect();
        assert_eq!(
            lines[1..],
            ["Error: Missing required config value at 'backend.baseUrl' in 'app-config.other.yaml'"]
        );
        assert!(found.hint.unwrap().contains("--env NAME=VALUE"));
    }

    #[test]
    fn a_missing_module_is_declared_by_whoever_asks_for_it() {
        let hint = |log: &str| diagnosed(log).hint.unwrap();
        let ours = "Error [ERR_MODULE_NOT_FOUND]: Cannot find package '@backstage/plugin-auth-backend' imported from \
            /app/packages/backend/dist/index.cjs.js\n    at x";
        assert!(hint(ours).starts_with("@backstage/plugin-auth-backend is not in the image: declare it under"));
        assert!(hint(ours).contains("in packages/backend/package.json,"), "{}", hint(ours));
        let foreign = "Error: Cannot find module 'left-pad/lib/a'\nRequire stack:\n- /app/node_modules/@x/y/dist/a.cjs.js\n\
            - /app/packages/backend/dist/index.cjs.js";
        let text = hint(foreign);
        assert!(text.starts_with("left-pad is not in the image: @x/y uses it and does not declare it"), "{text}");
        let file = hint("Error: Cannot find module './router'\nRequire stack:\n- /app/plugins/hello/dist/index.cjs.js");
        assert!(file.starts_with("the file ./router is not in the image"), "{file}");
    }

    #[test]
    fn each_of_these_is_known() {
        for (line, words) in [
            (
                r#"{"level":"error","message":"Can't serve static app content from /app/packages/app/dist/static, directory doesn't exist","plugin":"app","service":"backstage"}"#,
                "the app is not in the image",
            ),
            (
                "Error: The migration directory is corrupt, the following files are missing: 20240113_x.js",
                "older than the database",
            ),
            (
                "Error: EROFS: read-only file system, open '/app/packages/app/dist/static/main.js'",
                "writes to its own files",
            ),
            ("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", "--memory 2G"),
            ("boot: out of memory: the limit is 1073741824 bytes", "--memory 2G"),
            ("boot: ended by SIGKILL", "--memory 2G"),
            (
                "Error: The module '/app/x.node' was compiled against a different Node.js version using NODE_MODULE_VERSION 127",
                "native addon",
            ),
            ("Error: The server does not support SSL connections", "connection_ssl=false"),
            ("Acquire connection error: Error: self-signed certificate; if the root", "rejectUnauthorized=false"),
            ("error: permission denied to create database", "pluginDivisionMode"),
            ("bwrap: execvp node: No such file or directory", "no `node`"),
            ("SystemError [ERR_SYSTEM_ERROR]: A system error occurred: uv_os_homedir returned ENOENT", "wants a home"),
        ] {
            let hint = diagnosed(&format!("{STARTED}\n{line}\n")).hint;
            assert!(hint.as_ref().is_some_and(|hint| hint.contains(words)), "{line}: {hint:?}");
        }
    }

    #[test]
    fn what_is_no_error_is_none() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = format!("boot: not set: A B\n{STARTED}\n(node:5) Warning: x\nboot: ended with 1\n");
        std::fs::write(file.path(), text).unwrap();
        assert_eq!(diagnose(file.path()), None);
        assert_eq!(unset_variables(file.path()), ["A", "B"]);
        assert_eq!(diagnose(Path::new("/no/such/log")), None);
    }

    #[test]
    fn nothing_of_a_log_draws_on_a_terminal() {
        let found = diagnosed("{\"level\":\"error\",\"message\":\"\\u001b[31mred\\u001b[0m\\u0007\"}");
        assert_eq!((found.cause.as_str(), found.hint), ("red", None));
    }
}
