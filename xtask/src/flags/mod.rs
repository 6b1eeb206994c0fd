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
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

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

/// Build small, verified container images from Backstage monorepos.
#[derive(Debug, Parser)]
#[command(name = "backstage-xtask", bin_name = "cargo xtask", version, max_term_width = 100, disable_help_flag = true)]
#[command(after_help = "Exit codes: 0 success; 1 a problem in the repository, artifacts or image; 2 wrong usage; \
    3 an environment failure (engine, network, disk); 130 interrupted.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) repository: RepositoryFlags,
    #[command(flatten)]
    pub(crate) output: OutputFlags,
    /// Print help
    #[arg(long, short, global = true, action = ArgAction::HelpShort, help_heading = GLOBAL)]
    help: Option<bool>,
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
    /// Backstage monorepo [default: found from the current folder upwards]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) repo: Option<PathBuf>,
    /// Backend package, by name or folder, if there are several
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) backend: Option<String>,
    /// Folder for logs, caches and records [default: backstage-xtask in the user's cache]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
}

/// How to say things.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = GLOBAL)]
pub(crate) struct OutputFlags {
    /// Format of standard output; sarif is for check, verify-artifacts and verify-image
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) message_format: MessageFormat,
    /// Print errors only
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print the full output of every step
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
    /// Build, verify and tag the image
    BuildImage(Box<BuildImage>),
    /// Start an image as in production, test its pages, and stop it
    BootImage(BootImage),
    /// Check skeleton.tar.gz and bundle.tar.gz against the repository
    VerifyArtifacts(VerifyArtifacts),
    /// Check that an image can run and is safe to ship
    VerifyImage(VerifyImage),
    /// List the configuration files and variables of the deployed backend
    Config(Config),
    /// Explain a finding and how to fix it
    Explain(Explain),
    /// Generate the files that deployers read, or check that they are current
    Render(Render),
    /// Check deployment files and Dockerfiles against the repository
    Check(Check),
    /// Generate a CI workflow; compare builds
    Ci(Ci),
    /// Check this machine for problems that would break a build
    Doctor(Doctor),
    /// Make a base image without a registry, or lock base image versions
    BaseImage(BaseImage),
    /// Remove build state and caches, or print their size
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
