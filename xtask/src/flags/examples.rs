//! What people type, for the help of each command. Every line is parsed by a test.

use crate::invoked_as;

/// A command, with lines and what each is for.
pub(super) type Examples = (&'static str, &'static [(&'static str, &'static str)]);

const EXAMPLES: &[Examples] = &[
    (
        "build-image",
        &[
            ("cargo xtask build-image --tag portal:1.0", "build, verify and name the image"),
            ("cargo xtask build-image --from-git v1.2 --boot", "build a git tag, and boot the image before naming it"),
            (
                "cargo xtask build-image --engine embedded --push registry.example.com/portal:1.0 --attest",
                "build without a daemon; push with SBOMs and provenance",
            ),
            ("cargo xtask build-image --engine embedded --explain", "print why each step ran"),
        ],
    ),
    (
        "boot-image",
        &[
            ("cargo xtask boot-image portal:1.0", "boot a Docker image with a temporary PostgreSQL"),
            (
                "cargo xtask boot-image oci:image --env GITHUB_TOKEN --memory 2G",
                "boot an image from files, with a variable of your own",
            ),
        ],
    ),
    (
        "verify-artifacts",
        &[
            ("cargo xtask verify-artifacts", "check the archives in the backend's dist"),
            (
                "cargo xtask verify-artifacts --image portal:1.0 --fail-on warning",
                "check the app in an image; fail on warnings, too",
            ),
            ("cargo xtask verify-artifacts --message-format sarif", "print a SARIF log for code scanning"),
        ],
    ),
    (
        "verify-image",
        &[
            ("cargo xtask verify-image portal:1.1 --max-size 400MB", "fail if the image is larger"),
            (
                "cargo xtask verify-image portal:1.1 --against portal:1.0",
                "compare with an older image; check that a rollback works",
            ),
            ("cargo xtask verify-image oci-archive:image.tar --sbom sbom.spdx.json", "write an SBOM"),
        ],
    ),
    (
        "config",
        &[
            ("cargo xtask config", "list files, variables and addresses; run Backstage's own check"),
            ("cargo xtask config --image portal:1.0 --require", "fail if a variable is not set here"),
        ],
    ),
    (
        "explain",
        &[
            ("cargo xtask explain BX001", "explain a finding and how to fix it"),
            ("cargo xtask explain", "list all findings"),
        ],
    ),
    (
        "render",
        &[
            ("cargo xtask render", "write the deployment files, to be committed"),
            ("cargo xtask render --check", "fail if they are out of date, for CI"),
        ],
    ),
    (
        "check",
        &[
            ("cargo xtask check", "check flightcontrol.json and the Dockerfiles it names"),
            ("cargo xtask check --dockerfile packages/backend/Dockerfile", "check a hand-written Dockerfile"),
            ("cargo xtask check --fix", "add missing settings to our service"),
        ],
    ),
    (
        "ci",
        &[
            ("cargo xtask ci init github", "write a workflow"),
            ("cargo xtask ci compare before.json after.json", "compare two builds, as Markdown"),
        ],
    ),
    (
        "ci init",
        &[
            ("cargo xtask ci init github", "write .github/workflows/backstage-image.yml"),
            (
                "cargo xtask ci init gitlab --file .gitlab/backstage-image.yml",
                "write a file for .gitlab-ci.yml to include",
            ),
            ("cargo xtask ci init codebuild --check", "fail if buildspec.yml is out of date"),
        ],
    ),
    ("ci key", &[("cargo xtask ci key", "print 16 characters for a cache key")]),
    (
        "ci compare",
        &[("cargo xtask ci compare before/build.json build.json", "compare files of `build-image --result`")],
    ),
    (
        "doctor",
        &[
            ("cargo xtask doctor", "check engines, disk, memory, certificates, registries and the clock"),
            ("cargo xtask doctor --message-format json", "print the same as JSON"),
        ],
    ),
    (
        "base-image",
        &[
            ("cargo xtask base-image --node 24", "make node:24-trixie-slim without a registry"),
            ("cargo xtask base-image --update", "lock base image versions, to be committed"),
        ],
    ),
    (
        "clean",
        &[
            ("cargo xtask clean --report", "list what is there and its size"),
            ("cargo xtask clean", "remove this repository's build state"),
        ],
    ),
    ("schema", &[("cargo xtask schema", "print it for editors")]),
];

/// Those of every command that was compiled.
fn all() -> impl Iterator<Item = &'static Examples> {
    let all = EXAMPLES.iter();
    #[cfg(feature = "manual")]
    let all = all.chain(super::manual::EXAMPLES);
    #[cfg(feature = "maintainer")]
    let all = all.chain(super::maintainer::EXAMPLES);
    all
}

/// Examples as they stand in a help.
fn of(command: &str) -> Option<String> {
    let (_, lines) = all().find(|(name, _)| *name == command)?;
    let lines = lines.iter().map(|(line, what)| format!("  {line}\n      {what}\n"));
    Some(format!("Examples:\n{}", lines.collect::<String>().trim_end()))
}

/// The same command, with examples in its help and in that of each below it.
pub(super) fn added(command: clap::Command, above: &str) -> clap::Command {
    command.mut_subcommands(|command| {
        let name = format!("{above}{}", command.get_name());
        let command = match of(&name) {
            Some(text) => command.after_help(invoked_as::in_text(&text).into_owned()),
            None => command,
        };
        added(command, &format!("{name} "))
    })
}

#[cfg(test)]
mod tests {
    use super::super::Cli;
    use super::*;

    fn names(command: &clap::Command, above: &str) -> Vec<String> {
        let below = command.get_subcommands().flat_map(|command| {
            let name = format!("{above}{}", command.get_name());
            let more = names(command, &format!("{name} "));
            std::iter::once(name).chain(more)
        });
        below.collect()
    }

    #[test]
    fn every_command_has_examples_and_each_is_a_command() {
        let command = Cli::command_line();
        let known: Vec<_> = all().map(|(name, _)| (*name).to_owned()).collect();
        let (mut found, mut sorted) = (names(&command, ""), known);
        found.sort();
        sorted.sort();
        assert_eq!(found, sorted);
        for (name, lines) in all() {
            assert!(!lines.is_empty(), "{name}");
            for (line, _) in *lines {
                let words = line.strip_prefix("cargo xtask ").or(line.strip_prefix("backstage-xtask ")).unwrap();
                assert!(words.starts_with(name), "{line}");
                let parsed = command.clone().try_get_matches_from(["xtask"].into_iter().chain(words.split(' ')));
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            }
        }
    }
}
