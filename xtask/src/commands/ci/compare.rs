//! `ci compare`: two results of `build-image`, side by side.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use diagnostics::{Problem, Problems, megabytes};
use serde::Deserialize;

use crate::output::Printer;

/// What of a result is compared (the message `finished`).
#[derive(Debug, Deserialize)]
struct Outcome {
    image: Image,
    steps: Vec<Step>,
    seconds: f64,
}

#[derive(Debug, Deserialize)]
struct Image {
    id: String,
    size: u64,
    layers: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Step {
    step: String,
    state: String,
    seconds: f64,
}

pub(super) fn run(before: &Path, after: &Path, printer: &Printer) -> Result<()> {
    let after = read(after)?;
    let before = if before.exists() { Some(read(before)?) } else { None };
    printer.data(markdown(before.as_ref(), &after).trim_end());
    Ok(())
}

fn read(file: &Path) -> Result<Outcome, Problems> {
    let text = std::fs::read_to_string(file).map_err(|error| Problem::unreadable(file, &error))?;
    serde_json::from_str(&text).map_err(|error| {
        let next = "make it with `cargo xtask build-image --result FILE`";
        Problem::new(file, error.to_string(), "the result of a build", next).into()
    })
}

fn markdown(before: Option<&Outcome>, after: &Outcome) -> String {
    let mut text = String::from("### Backstage image\n\n| | before | now | |\n|---|---:|---:|---|\n");
    let size = before.map(|before| before.image.size);
    row(&mut text, "size", size.map(megabytes), &megabytes(after.image.size), &growth(size, after.image.size));
    let changed = before.map(|before| {
        let new = after.image.layers.iter().filter(|layer| !before.image.layers.contains(layer)).count();
        if before.image.id == after.image.id { "the same image".to_owned() } else { format!("{new} changed") }
    });
    let layers = before.map(|before| before.image.layers.len().to_string());
    row(&mut text, "layers", layers, &after.image.layers.len().to_string(), &changed.unwrap_or_default());
    row(&mut text, "time", before.map(|before| seconds(before.seconds)), &seconds(after.seconds), "");
    for step in &after.steps {
        let earlier = before.and_then(|before| before.steps.iter().find(|other| other.step == step.step));
        row(&mut text, &format!("`{}`", plain(&step.step)), earlier.map(said), &said(step), "");
    }
    let _ = match before {
        None => writeln!(text, "\nNothing to compare with yet. The image is `{}`.", plain(&after.image.id)),
        Some(_) => writeln!(text, "\nThe image is `{}`.", plain(&after.image.id)),
    };
    text
}

fn row(text: &mut String, name: &str, before: Option<String>, now: &str, remark: &str) {
    let _ = writeln!(text, "| {name} | {} | {now} | {remark} |", before.unwrap_or_default());
}

fn said(step: &Step) -> String {
    if step.state == "ran" { seconds(step.seconds) } else { plain(&step.state) }
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.1} s")
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn growth(before: Option<u64>, now: u64) -> String {
    let Some(before) = before.filter(|before| *before > 0) else { return String::new() };
    let sign = if now < before { "−" } else { "+" };
    let percent = 100.0 * now.abs_diff(before) as f64 / before as f64;
    if now == before {
        "unchanged".to_owned()
    } else {
        format!("{sign}{} ({sign}{percent:.1} %)", megabytes(now.abs_diff(before)))
    }
}

/// Without what means something in a table of Markdown: a result may come from anybody's branch.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || "-_:.@/ ".contains(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(id: &str, size: u64, layers: &[&str], app: &str) -> Outcome {
        let text = format!(
            r#"{{"reference": "x", "image": {{"id": "{id}", "size": {size}, "layers": {}}}, "seconds": 12.34,
                "steps": [{{"step": "install", "state": "cached", "seconds": 0}},
                          {{"step": "build-app", "state": "{app}", "seconds": 9.96}}]}}"#,
            serde_json::to_string(layers).unwrap()
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn what_changed_is_beside_what_was() {
        let before = outcome("sha256:a", 200_000_000, &["1", "2"], "cached");
        let after = outcome("sha256:b", 201_000_000, &["1", "3"], "ran");
        assert_eq!(
            markdown(Some(&before), &after),
            "### Backstage image\n\n| | before | now | |\n|---|---:|---:|---|\n\
             | size | 200.0 MB | 201.0 MB | +1.0 MB (+0.5 %) |\n\
             | layers | 2 | 2 | 1 changed |\n\
             | time | 12.3 s | 12.3 s |  |\n\
             | `install` | cached | cached |  |\n\
             | `build-app` | cached | 10.0 s |  |\n\
             \nThe image is `sha256:b`.\n"
        );
        assert!(markdown(Some(&after), &before).contains("−1.0 MB (−0.5 %)"));
    }

    #[test]
    fn a_first_build_has_nothing_beside_it() {
        let text = markdown(None, &outcome("sha256:a", 1, &[], "ran"));
        assert!(text.contains("| size |  | 0.0 MB |  |") && text.contains("Nothing to compare with yet."), "{text}");
    }

    #[test]
    fn a_result_says_nothing_but_words() {
        let text = markdown(None, &outcome("`<img src=x>|", 1, &[], "![x](http://y)"));
        assert!(text.contains("xhttp://y") && !text.contains("![") && !text.contains('<'), "{text}");
    }
}
