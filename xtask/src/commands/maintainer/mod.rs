//! Commands of this tool's own source, which neither a vendored copy nor an installed program has: the feature
//! `maintainer`.

mod demo;
mod test;
mod vendor;

use std::path::Path;

use anyhow::Result;
use process::Interrupt;

use crate::exit::WrongUsage;
use crate::flags::{MaintainerCommand, RepositoryFlags};
use crate::output::Printer;

pub(crate) fn run(
    command: &MaintainerCommand,
    repository: &RepositoryFlags,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<()> {
    match command {
        MaintainerCommand::Demo(flags) => demo::run(flags, repository, printer, interrupt),
        MaintainerCommand::Vendor(flags) => vendor::run(flags, printer),
        MaintainerCommand::Test(flags) => test::run(flags, printer, interrupt),
    }
}

/// The demo and the tests are in the source of this tool alone.
fn require_tests(workspace: &Path) -> Result<()> {
    if workspace.join("tests").is_dir() {
        return Ok(());
    }
    let hint = "run it in a clone of backstage-xtask; `cargo xtask doctor` and `cargo xtask build-image` are for here";
    Err(WrongUsage::new(format!("a vendored copy has neither tests nor the demo\n  hint: {hint}")).into())
}
