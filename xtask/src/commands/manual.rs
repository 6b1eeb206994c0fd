//! `completions` and `man`: what other programs show of this one. The feature `manual`.

use std::path::Path;

use anyhow::{Context, Result};
use builder::write_atomically;

use crate::flags::{Cli, Completions, Man, ManualCommand};
use crate::output::Printer;

/// Name of the program as `cargo install` leaves it: shells complete programs, not aliases of cargo.
const PROGRAM: &str = env!("CARGO_BIN_NAME");

pub(crate) fn run(command: &ManualCommand, printer: &Printer) -> Result<()> {
    match command {
        ManualCommand::Completions(flags) => {
            completions(flags, printer);
            Ok(())
        }
        ManualCommand::Man(flags) => man(flags, printer),
    }
}

fn completions(flags: &Completions, printer: &Printer) {
    let mut script = Vec::new();
    clap_complete::generate(flags.shell, &mut Cli::command_line(), PROGRAM, &mut script);
    printer.data(String::from_utf8_lossy(&script).trim_end());
}

fn man(flags: &Man, printer: &Printer) -> Result<()> {
    let mut command = Cli::command_line().bin_name(PROGRAM);
    command.build();
    let Some(folder) = &flags.folder else {
        printer.data(String::from_utf8_lossy(&page(command)?).trim_end());
        return Ok(());
    };
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    write_pages(&command, folder, printer)
}

/// A page for the command, and for each below it.
fn write_pages(command: &clap::Command, folder: &Path, printer: &Printer) -> Result<()> {
    let name = command.get_display_name().unwrap_or(PROGRAM).to_owned();
    let file = folder.join(format!("{name}.1"));
    write_atomically(&file, &page(command.clone())?)?;
    printer.data(&file.display().to_string());
    let mut commands = command.get_subcommands().filter(|command| command.get_name() != "help");
    commands.try_for_each(|command| write_pages(command, folder, printer))
}

fn page(command: clap::Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).context("writing a page of the manual")?;
    Ok(page)
}
