//! `cargo xtask`: takes a Backstage monorepo from a bare clone to a verified runtime image.
//!
//! This crate is the command line and nothing else: what to build is `recipe`'s, how is `engine`'s.

mod baseline;
mod commands;
mod difference;
mod exit;
mod files;
mod findings;
mod flags;
mod git;
mod github;
mod image_source;
mod output;
mod pins;
mod place;
mod program;
mod rendered;
mod report;
mod repository;
mod sarif;
mod sbom;
mod size;
mod state;
mod step_log;
mod summary;

use std::process::ExitCode;
use std::sync::Arc;

use flags::{Cli, Command};
use output::Printer;
use process::Interrupt;

fn main() -> ExitCode {
    let cli = Cli::read();
    let printer = Printer::new(&cli.output);
    let interrupt = Interrupt::default();
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        if let Err(error) = signal_hook::flag::register(signal, Arc::clone(&interrupt.0)) {
            printer.warning(&format!("cannot listen for signal {signal}: {error}"));
        }
    }
    let result = match &cli.command {
        Command::BuildImage(flags) => commands::build_image::run(flags, &cli.repository, &printer, &interrupt),
        Command::BootImage(flags) => commands::boot_image::run(flags, &cli.repository, &printer, &interrupt),
        Command::VerifyArtifacts(flags) => {
            commands::verify_artifacts::run(flags, &cli.repository, &printer, &interrupt)
        }
        Command::VerifyImage(flags) => commands::verify_image::run(flags, &cli.repository, &printer, &interrupt),
        Command::Config(flags) => commands::config::run(flags, &cli.repository, &printer, &interrupt),
        Command::Explain(flags) => commands::explain::run(flags, &printer),
        Command::Render(flags) => commands::render::run(flags, &cli.repository, &printer),
        Command::Check(flags) => commands::check::run(flags, &cli.repository, &printer),
        Command::BaseImage(flags) => commands::base_image::run(flags, &cli.repository, &printer, &interrupt),
        Command::Ci(flags) => commands::ci::run(flags, &cli.repository, &printer),
        Command::Doctor(flags) => commands::doctor::run(flags, &cli.repository, &printer, &interrupt),
        Command::Clean(flags) => commands::clean::run(flags, &cli.repository, &printer, &interrupt),
        Command::Schema => {
            commands::schema::run(&printer);
            Ok(())
        }
        #[cfg(feature = "manual")]
        Command::Manual(command) => commands::manual::run(command, &printer),
        #[cfg(feature = "maintainer")]
        Command::Maintainer(command) => commands::maintainer::run(command, &cli.repository, &printer, &interrupt),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error, &interrupt, &printer),
    }
}
