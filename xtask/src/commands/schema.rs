//! `schema`: what editors know of `xtask.toml`.

use crate::output::Printer;

/// The JSON Schema of `xtask.toml`.
const SCHEMA: &str = include_str!("../../../assets/xtask.schema.json");

pub(crate) fn run(printer: &Printer) {
    printer.data(SCHEMA.trim_end());
}
