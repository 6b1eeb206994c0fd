//! Links between the documents: the file is there, and so is the heading.

use std::path::Path;

use crate::documents;
use crate::harness::workspace;

/// As GitHub makes an anchor of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect()
}

fn anchors(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| Some(anchor(line.strip_prefix('#')?.trim_start_matches('#').trim()))).collect()
}

/// The targets of the relative links of a document.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://")).collect()
}

fn broken(document: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(document).unwrap();
    let is_broken = |target: &&str| {
        let (path, heading) = target.split_once('#').unwrap_or((target, ""));
        let file = if path.is_empty() { document.to_owned() } else { document.parent().unwrap().join(path) };
        let Ok(linked) = std::fs::read_to_string(file) else { return true };
        !heading.is_empty() && !anchors(&linked).iter().any(|anchor| anchor == heading)
    };
    let broken = links(&text).into_iter().filter(is_broken);
    broken.map(|target| format!("{}: {target}", document.display())).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let roots = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(|name| workspace().join(name));
    let pages = documents::all().into_iter().map(|page| workspace().join("docs").join(page));
    let broken: Vec<_> = roots.into_iter().chain(pages).flat_map(|document| broken(&document)).collect();
    assert_eq!(broken, Vec::<String>::new());
}
