//! The whole command line.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

/// From a bare clone of a Backstage monorepo to a verified runtime image.
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
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
        let cli = Self::parse();
        if cli.output.quiet && cli.output.verbose {
            let message = "the argument '--quiet' cannot be used with '--verbose'";
            Self::command().error(ErrorKind::ArgumentConflict, message).exit();
        }
        let finds = matches!(cli.command, Command::VerifyArtifacts(_) | Command::VerifyImage(_));
        if cli.output.message_format == MessageFormat::Sarif && !finds {
            let message = "'--message-format sarif' is for 'verify-artifacts' and 'verify-image' only";
            Self::command().error(ErrorKind::ArgumentConflict, message).exit();
        }
        cli
    }
}

/// Which repository, and which backend in it.
#[derive(Debug, Clone, Default, Args)]
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
pub(crate) struct OutputFlags {
    /// Text for people, one JSON object a line, annotations of GitHub Actions, or a SARIF log (of
    /// verify-artifacts and verify-image only), on standard output
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
    BuildImage(BuildImage),
    /// Start an image as production would, look at what it serves, and stop it
    BootImage(BootImage),
    /// Check skeleton.tar.gz and bundle.tar.gz against the repository
    VerifyArtifacts(VerifyArtifacts),
    /// Check from its files that an image can run and may ship
    VerifyImage(VerifyImage),
    /// Say what a finding means, why it matters and how to mend it
    Explain(Explain),
    /// Write Dockerfile.flightcontrol and its ignore file, or check that they are up to date
    Render(Render),
    /// Make a base image from Debian packages and Node from npm, where no registry can be reached
    BaseImage(BaseImage),
    /// Build and run the small Backstage monorepo that comes with this tool
    Demo(Demo),
    /// Remove what builds of this repository keep between runs, or say how large it is
    Clean(Clean),
    /// Run every test that can run on this machine, and say which cannot
    Test(Test),
}

/// `build-image`
#[derive(Debug, Clone, Args)]
pub(crate) struct BuildImage {
    /// Name of the image
    #[arg(long, short, default_value = "backstage:latest", value_name = "NAME")]
    pub(crate) tag: String,
    /// Base image, or oci-archive:FILE, docker-archive:FILE [default: node:<version>-trixie-slim]
    #[arg(long, value_name = "IMAGE")]
    pub(crate) base: Option<String>,
    /// Certificates of a proxy's CA, in PEM form [default: NODE_EXTRA_CA_CERTS or SSL_CERT_FILE]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// A buildx builder other than the current one
    #[arg(long, value_name = "NAME")]
    pub(crate) builder: Option<String>,
    /// Where the two archives go [default: dist of the backend]
    #[arg(long, value_name = "DIR")]
    pub(crate) artifacts: Option<PathBuf>,
    /// Run every step anew
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// Print the plan as JSON and stop
    #[arg(long)]
    pub(crate) plan: bool,
    /// What runs the steps
    #[arg(long, value_enum, default_value_t, value_name = "ENGINE")]
    pub(crate) engine: EngineChoice,
    /// Run the image, as boot-image does, before it gets its name
    #[arg(long)]
    pub(crate) boot: bool,
    #[command(flatten)]
    pub(crate) boot_flags: BootFlags,
    #[command(flatten)]
    pub(crate) embedded: EmbeddedFlags,
}

/// `boot-image`
#[derive(Debug, Clone, Args)]
pub(crate) struct BootImage {
    /// Name of an image of Docker's, or oci:DIR, oci-archive:FILE, docker-archive:FILE
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    #[command(flatten)]
    pub(crate) boot: BootFlags,
}

/// How an image is started, to see that it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Boot")]
pub(crate) struct BootFlags {
    /// Seconds until it must be ready [default: 180]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
    /// Most memory it may hold, in bytes or with the unit K, M or G [default: 1G]
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(crate) memory: Option<u64>,
    /// A PostgreSQL, as postgresql://USER:PASSWORD@HOST:PORT/NAME [default: one that is thrown away]
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// A variable for it; NAME alone takes this process's value; may be given again
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
    /// A file with a variable on each line
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
}

/// Bytes, as `--memory` of Docker reads them: units are powers of 1024.
fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text[digits.len()..].to_ascii_lowercase().trim_end_matches("ib").trim_end_matches('b') {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return Err("expected bytes, or a number with K, M or G".to_owned()),
    };
    let number: u64 = digits.parse().map_err(|_| "expected a whole number, such as 512M".to_owned())?;
    number.checked_mul(unit).filter(|bytes| *bytes > 0).ok_or_else(|| "expected more than nothing".to_owned())
}

/// What runs the steps of a build.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineChoice {
    /// Docker where one works, else embedded.
    #[default]
    Auto,
    /// Docker with BuildKit.
    Docker,
    /// Sandboxes on this machine, without a daemon.
    Embedded,
}

/// What only the embedded engine can do; any of these chooses it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Embedded engine")]
pub(crate) struct EmbeddedFlags {
    /// Base of the image: libraries and Node alone, or a small Debian with a shell
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) runtime: Option<RuntimeKind>,
    /// How layers are compressed [default: gzip]
    #[arg(long, value_enum, value_name = "METHOD")]
    pub(crate) compression: Option<CompressionMethod>,
    /// Where the image goes: oci:DIR, oci-archive:FILE or docker-archive:FILE; may be given again
    /// [default: oci: in the state folder]
    #[arg(long, value_name = "WHERE")]
    pub(crate) output: Vec<String>,
    /// Load the image into Docker or Podman, too
    #[arg(long)]
    pub(crate) load: bool,
    /// Push the image to a registry by skopeo; its digest goes to standard output
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) push: Option<String>,
    /// A Debian mirror, as a URL or a line of sources.list; may be given again
    #[arg(long, value_name = "MIRROR")]
    pub(crate) mirror: Vec<String>,
    /// Keep files of a class that pruning takes away, or all of them; may be given again
    #[arg(long, value_name = "CLASS")]
    pub(crate) keep: Vec<String>,
    /// Do not check types: an editor or CI does
    #[arg(long)]
    pub(crate) no_typecheck: bool,
    /// Say for every step that ran which inputs changed
    #[arg(long)]
    pub(crate) explain: bool,
    /// List the largest packages, and what pruning took
    #[arg(long)]
    pub(crate) explain_size: bool,
}

/// What an image of the embedded engine stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RuntimeKind {
    /// A C library, certificates and Node; no shell.
    Minimal,
    /// A small Debian.
    Slim,
}

/// How layers are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompressionMethod {
    /// Read by every engine.
    Gzip,
    /// Smaller and faster; not for Docker before 23. Only when built with the feature zstd.
    Zstd,
}

/// `verify-artifacts`
#[derive(Debug, Clone, Args)]
pub(crate) struct VerifyArtifacts {
    /// Folder of the two archives [default: dist of the backend]
    #[arg(long, value_name = "DIR")]
    pub(crate) dist: Option<PathBuf>,
    /// Check the app in an image in place of the archives: a name in Docker or Podman, oci:DIR,
    /// oci-archive:FILE or docker-archive:FILE
    #[arg(long, value_name = "IMAGE", conflicts_with = "dist")]
    pub(crate) image: Option<String>,
    /// The least grave findings to fail for
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    pub(crate) fail_on: FailOn,
    /// Do not fail for the findings listed in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// List all findings in this file, for --baseline, and do not fail for any
    #[arg(long, value_name = "FILE")]
    pub(crate) write_baseline: Option<PathBuf>,
}

/// `verify-image`
#[derive(Debug, Clone, Args)]
pub(crate) struct VerifyImage {
    /// A name in Docker or Podman, oci:DIR[:NAME], oci-archive:FILE or docker-archive:FILE
    pub(crate) image: String,
    /// The least grave findings to fail for
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    pub(crate) fail_on: FailOn,
    /// Most bytes of the image's files, such as 350MB or 1.5GiB
    #[arg(long, value_name = "SIZE", value_parser = crate::size::parse)]
    pub(crate) max_size: Option<u64>,
    /// Say what changed against another image, and whether a rollback from it would work
    #[arg(long, value_name = "IMAGE")]
    pub(crate) against: Option<String>,
}

/// What to fail for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// What must not ship.
    #[default]
    Error,
    /// What is wasteful or risky, too.
    Warning,
    /// Everything there is to say.
    Note,
}

/// `explain`
#[derive(Debug, Clone, Args)]
pub(crate) struct Explain {
    /// Code of a finding, such as BX001 [default: list them all]
    pub(crate) code: Option<String>,
}

/// `render`
#[derive(Debug, Clone, Args)]
pub(crate) struct Render {
    /// Write nothing; exit with 1 and show the difference when a file is not up to date
    #[arg(long)]
    pub(crate) check: bool,
    /// Replace files that were edited by hand
    #[arg(long, conflicts_with = "check")]
    pub(crate) force: bool,
}

/// `base-image`
#[derive(Debug, Clone, Args)]
pub(crate) struct BaseImage {
    /// Version of Node [default: what the repository asks for, else 24]
    #[arg(long, value_name = "VERSION")]
    pub(crate) node: Option<String>,
    /// Name of the image [default: node:<version>-trixie-slim]
    #[arg(long, short, value_name = "NAME")]
    pub(crate) tag: Option<String>,
    /// Make no image, but lock the newest Debian packages and Node for builds without an engine
    #[arg(long, conflicts_with = "tag")]
    pub(crate) update: bool,
    /// Where the lock goes [default: base-image.lock.json of the repository]
    #[arg(long, value_name = "FILE", requires = "update")]
    pub(crate) lock: Option<PathBuf>,
    /// Debian's release, that of the image which builds name with --base [default: trixie]
    #[arg(long, value_name = "NAME", requires = "update")]
    pub(crate) release: Option<String>,
    /// Certificates of a proxy's CA, in PEM form [default: NODE_EXTRA_CA_CERTS or SSL_CERT_FILE]
    #[arg(long, value_name = "FILE", requires = "update")]
    pub(crate) ca_file: Option<PathBuf>,
    /// A Debian mirror, as a URL or a line of sources.list; may be given again
    #[arg(long, value_name = "MIRROR")]
    pub(crate) mirror: Vec<String>,
}

/// `demo`
#[derive(Debug, Clone, Args)]
pub(crate) struct Demo {
    /// Name of the image
    #[arg(long, short, default_value = "backstage-demo:latest", value_name = "NAME")]
    pub(crate) tag: String,
    /// What builds and runs it
    #[arg(long, value_enum, default_value_t, value_name = "ENGINE")]
    pub(crate) engine: EngineChoice,
    /// Install what is missing from the distribution's packages, without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Stop once it answered
    #[arg(long)]
    pub(crate) once: bool,
    /// Build the image, and do not run it
    #[arg(long, conflicts_with = "once")]
    pub(crate) build_only: bool,
}

/// `clean`
#[derive(Debug, Clone, Args)]
pub(crate) struct Clean {
    /// Remove the whole state folder: every repository's, and the caches they share
    #[arg(long)]
    pub(crate) state: bool,
    /// Remove nothing; list what is there and how large it is
    #[arg(long, conflicts_with = "state")]
    pub(crate) report: bool,
}

/// `test`
#[derive(Debug, Clone, Args)]
pub(crate) struct Test {
    /// Fail, rather than skip, when this is missing; may be given again
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) require: Vec<Requirement>,
    /// Only what needs no engine
    #[arg(long, conflicts_with = "require")]
    pub(crate) fast: bool,
}

/// What a test may need of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Requirement {
    /// A docker that builds.
    Docker,
    /// Sandboxes on this machine.
    Embedded,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_are_read_as_docker_reads_them() {
        assert_eq!(parse_size("512m"), Ok(512 << 20));
        assert_eq!(parse_size("1GiB"), Ok(1 << 30));
        assert_eq!(parse_size("1000"), Ok(1000));
        for wrong in ["", "G", "1.5G", "1T", "0", "99999999999999999999", "20000000000G"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }
}
