//! Committed files that differ from what is built.

use anyhow::{Context, Result};
use monorepo::Monorepo;
use recipe::Rendered;

use crate::console::Console;
use crate::pins;

/// Warns of them; these name the default base, whatever this build starts from.
pub(crate) fn warn(base: Option<&str>, repo: &Monorepo, rendered: &[Rendered], console: &dyn Console) -> Result<()> {
    let on_default_base;
    let expected = if base.is_none() {
        rendered
    } else {
        on_default_base = recipe::render(repo, &recipe::plan(repo, pins::pinned(repo, None)?.as_deref()))
            .context("filling in a template of assets/")?;
        &on_default_base
    };
    for file in expected.iter().filter(|file| is_drifted(repo, file)) {
        console.warning(&format!(
            "{} differs from what is built here; a deployment would use it as it is\n  hint: look with `cargo xtask render --check`",
            file.path
        ));
    }
    Ok(())
}

/// Whether a committed file is there and says something else than what a build would use now.
fn is_drifted(repo: &Monorepo, file: &Rendered) -> bool {
    std::fs::read_to_string(repo.root.join(&file.path)).is_ok_and(|found| found != file.text)
}
