//! The whole command line.

mod build;
mod check;
mod ci;
mod examples;
#[cfg(feature = "maintainer")]
mod maintainer;
#[cfg(feature = "manual")]
mod manual;

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub(crate) use build::*;
pub(crate) use check::*;
pub(crate) use ci::*;
#[cfg(feature = "maintainer")]
pub(crate) use maintainer::*;
#[cfg(feature = "manual")]
pub(crate) use manual::*;

use crate::invoked_as;

/// Heading of the options that every command has, in its help.
const GLOBAL: &str = "Global options";

/// From a bare clone of a Backstage monorepo to a verified runtime image.
#[derive(Debug, Parser)]
#[command(name = "backstage-xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done; 1 the repository, its artifacts or the image are wrong; 2 wrong usage; \
    3 the environment failed (engine, network, disk); 130 interrupted.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) repository: RepositoryFlags,
    #[command(flatten)]
    pub(crate) output: OutputFlags,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// The command line of this process; a wrong one ends it.
    ///
    /// clap sees a conflict only between flags on the same side of the command's name.
    pub(crate) fn read() -> Self {
        let matches = Self::command_line().get_matches();
        let cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        if cli.output.quiet && cli.output.verbose {
            let message = "the argument '--quiet' cannot be used with '--verbose'";
            Self::command().error(ErrorKind::ArgumentConflict, message).exit();
        }
        let finds = matches!(cli.command, Command::Check(_) | Command::VerifyArtifacts(_) | Command::VerifyImage(_));
        if cli.output.message_format == MessageFormat::Sarif && !finds {
            let message = "'--message-format sarif' is for 'check', 'verify-artifacts' and 'verify-image' only";
            Self::command().error(ErrorKind::ArgumentConflict, message).exit();
        }
        cli
    }

    /// All commands, under the name that this program is started by, with examples.
    pub(crate) fn command_line() -> clap::Command {
        examples::added(Self::command().bin_name(invoked_as::name()), "")
    }
}

/// Which repository, and which backend in it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = GLOBAL)]
pub(crate) struct RepositoryFlags {
    /// The monorepo [default: the working directory or a folder above it, else the one this tool is vendored in]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) repo: Option<PathBuf>,
    /// The backend, by package name or folder, where there are several
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) backend: Option<String>,
    /// Where builds keep logs, locks and records [default: backstage-xtask in the user's cache folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
}

/// How to say things.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = GLOBAL)]
pub(crate) struct OutputFlags {
    /// Text for people, one JSON object a line, annotations of GitHub Actions, or a SARIF log (of
    /// check, verify-artifacts and verify-image only), on standard output
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) message_format: MessageFormat,
    /// Say only what failed
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Show every line the steps print
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
}

/// The form of messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageFormat {
    /// For people.
    #[default]
    Human,
    /// For machines.
    Json,
    /// Annotations of GitHub Actions.
    Github,
    /// A SARIF 2.1.0 log; of verifiers only.
    Sarif,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build, verify and tag the runtime image
    BuildImage(Box<BuildImage>),
    /// Start an image as production would, look at what it serves, and stop it
    BootImage(BootImage),
    /// Check skeleton.tar.gz and bundle.tar.gz against the repository
    VerifyArtifacts(VerifyArtifacts),
    /// Check from its files that an image can run and may ship
    VerifyImage(VerifyImage),
    /// Say which configuration files a deployed backend loads, and what they ask of its environment
    Config(Config),
    /// Say what a finding means, why it matters and how to mend it
    Explain(Explain),
    /// Write the files that Flightcontrol deploys by, or check that they are up to date
    Render(Render),
    /// Check that the files a deployment reads agree with the repository and with each other
    Check(Check),
    /// Write a workflow for a CI service, and what its jobs say
    Ci(Ci),
    /// Say at once all that would get in the way of a build here
    Doctor(Doctor),
    /// Make a base image from Debian packages and Node from npm, where no registry can be reached
    BaseImage(BaseImage),
    /// Remove what builds of this repository keep between runs, or say how large it is
    Clean(Clean),
    /// Print the JSON Schema of xtask.toml
    Schema,
    #[cfg(feature = "manual")]
    #[command(flatten)]
    Manual(ManualCommand),
    #[cfg(feature = "maintainer")]
    #[command(flatten)]
    Maintainer(MaintainerCommand),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_come_last_in_every_help() {
        let mut command = Cli::command_line();
        command.build();
        for command in command.get_subcommands_mut().filter(|command| command.get_name() != "help") {
            let help = command.render_long_help().to_string();
            let (before, global) = help.split_once("\nGlobal options:\n").unwrap_or_else(|| panic!("{help}"));
            assert!(!before.contains("--message-format"), "{help}");
            let headings = global.lines().filter(|line| line.ends_with(':') && !line.starts_with(' '));
            assert!(headings.clone().all(|line| line == "Examples:"), "{help}");
        }
    }
}
