//! What a backend died of: the first real error of its log, and what is known about it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use super::answers::STARTUP_FAILED;
use super::known::{Blame, KNOWN};
use crate::process::without_escapes;

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
    let is_named = line.contains("Error: ") || line.contains("Error [");
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

fn row(error: &str) -> Option<&'static super::known::Known> {
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
