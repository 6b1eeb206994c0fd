//! Where the bytes of an app in its image are.

use builder::FinishedBuild;
use diagnostics::megabytes;
use image::prune::ExplainSize;
use serde_json::json;

use crate::output::Printer;

/// How many packages the list of the largest has.
const LARGEST: usize = 20;

/// Prints it for machines, and for people where they asked.
pub(crate) fn print(built: &FinishedBuild, for_people: bool, printer: &Printer) {
    let Some(sizes) = &built.sizes else { return };
    printer.message("sizes", json!(sizes));
    if for_people {
        printer.block(&table(sizes));
    }
}

/// What pruning took, and the largest packages of what it left, for people.
fn table(size: &ExplainSize) -> String {
    let taken = size.left_out();
    let mut text = format!(
        "\napplication\n  kept       {:>10}  {} files\n  left out   {:>10}  {} files\n",
        megabytes(size.kept.bytes),
        size.kept.files,
        megabytes(taken.bytes),
        taken.files
    );
    text += "left out, by class (to keep one: --keep CLASS)\n";
    for (class, count) in &size.classes {
        text += &format!("  {:<24} {:>10}  {} files\n", class.name(), megabytes(count.bytes), count.files);
    }
    text += "largest packages\n";
    for package in size.packages.iter().take(LARGEST) {
        text +=
            &format!("  {:<44} {:>10}  {} files\n", package.package, megabytes(package.kept.bytes), package.kept.files);
    }
    text
}
