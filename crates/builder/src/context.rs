//! What everything in a build works with.

use std::sync::Arc;

use monorepo::Monorepo;
use process::Interrupt;
use recipe::Recipe;

use crate::console::Console;
use crate::report::BuildReport;
use crate::settings::BuildSettings;
use crate::state::State;

/// One build.
pub(crate) struct Context<'a> {
    pub(crate) settings: &'a BuildSettings,
    pub(crate) repo: Arc<Monorepo>,
    pub(crate) recipe: Arc<Recipe>,
    pub(crate) state: &'a State,
    pub(crate) report: &'a BuildReport<'a>,
    pub(crate) console: &'a dyn Console,
    pub(crate) interrupt: &'a Interrupt,
}
