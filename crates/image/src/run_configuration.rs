//! How an image runs (OCI image specification, config.md, `config`).

use diagnostics::{At, Finding, FindingKind, FindingText};
use serde::Serialize;

use crate::codes::{COMMAND, FOLDER, USER, VARIABLE};

/// The part of an image's configuration that a deployment depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RunConfiguration {
    /// User and group.
    pub user: String,
    /// Working directory.
    pub working_directory: String,
    /// Environment as `NAME=value`.
    pub environment: Vec<String>,
    /// Program and arguments.
    pub command: Vec<String>,
}

/// Compares how an image runs with how it should. All differences, never only the first.
pub fn verify_run_configuration(subject: &str, found: &RunConfiguration, expected: &RunConfiguration) -> Vec<Finding> {
    let next = "build it with `cargo xtask build-image`; a template in assets/ may have been edited";
    let finding = |kind: FindingKind, expected: String, found: String| {
        kind.finding(At::subject(subject), FindingText { expected: &expected, found: &found, next })
    };
    let mut findings = Vec::new();
    if found.user != expected.user {
        findings.push(finding(USER, format!("the user {}", expected.user), format!("the user \"{}\"", found.user)));
    }
    if found.command != expected.command {
        findings.push(finding(COMMAND, format!("the command {:?}", expected.command), format!("{:?}", found.command)));
    }
    if found.working_directory != expected.working_directory {
        let text = |folder: &str| format!("the working directory {folder}");
        findings.push(finding(FOLDER, text(&expected.working_directory), text(&found.working_directory)));
    }
    for variable in expected.environment.iter().filter(|variable| !found.environment.contains(variable)) {
        let name = variable.split('=').next().unwrap_or_default();
        let is_set = |other: &&String| other.split('=').next() == Some(name);
        let found = found.environment.iter().find(is_set).map_or_else(|| format!("no {name}"), Clone::clone);
        findings.push(finding(VARIABLE, variable.clone(), found));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> RunConfiguration {
        RunConfiguration {
            user: "1000:1000".to_owned(),
            working_directory: "/app".to_owned(),
            environment: vec!["PATH=/bin".to_owned(), "NODE_ENV=production".to_owned()],
            command: vec!["node".to_owned(), "packages/backend".to_owned()],
        }
    }

    fn codes(found: &RunConfiguration) -> Vec<&'static str> {
        let expected = RunConfiguration { environment: vec!["NODE_ENV=production".to_owned()], ..good() };
        verify_run_configuration("image", found, &expected).into_iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn a_good_image_gives_no_finding() {
        assert!(codes(&good()).is_empty());
    }

    #[test]
    fn each_difference_is_a_finding_of_its_own() {
        assert_eq!(codes(&RunConfiguration { user: String::new(), ..good() }), ["BI001"]);
        assert_eq!(codes(&RunConfiguration { command: vec!["sh".to_owned()], ..good() }), ["BI002"]);
        assert_eq!(codes(&RunConfiguration { working_directory: "/".to_owned(), ..good() }), ["BI003"]);
        assert_eq!(codes(&RunConfiguration { environment: vec!["NODE_ENV=test".to_owned()], ..good() }), ["BI004"]);
        assert_eq!(codes(&RunConfiguration::default()), ["BI001", "BI002", "BI003", "BI004"]);
    }
}
