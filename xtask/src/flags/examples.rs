//! What people type, for the help of each command. Every line is parsed by a test.

use crate::invoked_as;

/// A command, with lines and what each is for.
pub(super) type Examples = (&'static str, &'static [(&'static str, &'static str)]);

const EXAMPLES: &[Examples] = &[
    (
        "build-image",
        &[
            ("cargo xtask build-image --tag portal:1.0", "build, verify and name the image"),
            (
                "cargo xtask build-image --from-git v1.2 --boot",
                "exactly what is tagged, started once before it is named",
            ),
            (
                "cargo xtask build-image --engine embedded --push registry.example.com/portal:1.0 --attest",
                "without a daemon, into a registry, with its SBOMs and provenance",
            ),
            ("cargo xtask build-image --engine embedded --explain", "say why each step ran"),
        ],
    ),
    (
        "boot-image",
        &[
            ("cargo xtask boot-image portal:1.0", "an image of Docker's, with a PostgreSQL that is thrown away"),
            (
                "cargo xtask boot-image oci:image --env GITHUB_TOKEN --memory 2G",
                "one in files, with a variable of yours",
            ),
        ],
    ),
    (
        "verify-artifacts",
        &[
            ("cargo xtask verify-artifacts", "the archives in dist of the backend"),
            ("cargo xtask verify-artifacts --image portal:1.0 --fail-on warning", "the app in an image, more strictly"),
            ("cargo xtask verify-artifacts --message-format sarif", "for code scanning"),
        ],
    ),
    (
        "verify-image",
        &[
            ("cargo xtask verify-image portal:1.1 --max-size 400MB", "with a limit to its size"),
            ("cargo xtask verify-image portal:1.1 --against portal:1.0", "what changed, and whether a rollback works"),
            ("cargo xtask verify-image oci-archive:image.tar --sbom sbom.spdx.json", "what it is made of"),
        ],
    ),
    (
        "config",
        &[
            ("cargo xtask config", "files, variables, addresses, and Backstage's own check"),
            ("cargo xtask config --image portal:1.0 --require", "fail when a variable is not set here"),
        ],
    ),
    (
        "explain",
        &[
            ("cargo xtask explain BX001", "what a finding means and how to mend it"),
            ("cargo xtask explain", "list all findings"),
        ],
    ),
    (
        "render",
        &[
            ("cargo xtask render", "write the files of a deployment, to be committed"),
            ("cargo xtask render --check", "fail when they are not up to date, for CI"),
        ],
    ),
    (
        "check",
        &[
            ("cargo xtask check", "flightcontrol.json and the Dockerfiles that it names"),
            ("cargo xtask check --dockerfile packages/backend/Dockerfile", "a Dockerfile by hand"),
            ("cargo xtask check --fix", "add what our service lacks"),
        ],
    ),
    (
        "ci",
        &[
            ("cargo xtask ci init github", "write a workflow"),
            ("cargo xtask ci compare before.json after.json", "two builds beside each other, as Markdown"),
        ],
    ),
    (
        "ci init",
        &[
            ("cargo xtask ci init github", ".github/workflows/backstage-image.yml"),
            ("cargo xtask ci init gitlab --file .gitlab/backstage-image.yml", "for a .gitlab-ci.yml that includes it"),
            ("cargo xtask ci init codebuild --check", "fail when buildspec.yml is not up to date"),
        ],
    ),
    ("ci key", &[("cargo xtask ci key", "16 characters, to be part of a cache's key")]),
    ("ci compare", &[("cargo xtask ci compare before/build.json build.json", "of `build-image --result build.json`")]),
    (
        "doctor",
        &[
            ("cargo xtask doctor", "engines, disk, memory, certificates, registries, the clock"),
            ("cargo xtask doctor --message-format json", "the same for a machine"),
        ],
    ),
    (
        "base-image",
        &[
            ("cargo xtask base-image --node 24", "make node:24-trixie-slim where no registry has it"),
            ("cargo xtask base-image --update", "lock what images stand on, to be committed"),
        ],
    ),
    (
        "clean",
        &[
            ("cargo xtask clean --report", "how large it is, and where"),
            ("cargo xtask clean", "begin anew with this repository"),
        ],
    ),
    ("schema", &[("cargo xtask schema", "for editors that know TOML")]),
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
