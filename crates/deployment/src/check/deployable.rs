//! What a build of ours refuses at once, and a deployer's would not notice.

use std::collections::BTreeSet;

use diagnostics::{Finding, Problem, Problems};
use monorepo::Monorepo;

use super::codes::NOT_DEPLOYABLE;
use super::context::{FindingText, finding};

pub(super) fn check(repo: &Monorepo) -> Result<Vec<Finding>, Problems> {
    Ok(repo.deployment_problems(&BTreeSet::new())?.iter().map(as_finding).collect())
}

fn as_finding(problem: &Problem) -> Finding {
    let Problem { file, position, found, expected, next } = problem;
    let line = position.map_or(1, |position| position.line);
    finding(NOT_DEPLOYABLE, &file.to_string_lossy(), line, FindingText { expected, found, next })
}
