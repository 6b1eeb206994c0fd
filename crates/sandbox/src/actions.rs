//! A step's actions, one after the other.

use process::EngineError;

use crate::run::Runner;
use crate::yarn_cache::remove_refused;

/// Runs them; once more where damaged archives in a cache were the reason, which are removed.
pub(crate) fn run_actions(runner: &Runner<'_>) -> Result<(), EngineError> {
    for (index, action) in runner.step.actions.iter().enumerate() {
        let log = if index == 0 { runner.step.id.to_string() } else { format!("{}-{}", runner.step.id, index + 1) };
        let result = runner.run(action, None, &log);
        if result.is_err() && removes_damaged_archives(runner, &log) {
            runner.run(action, None, &log)?;
        } else {
            result?;
        }
    }
    Ok(())
}

/// Whether the command failed for damaged archives in the cache, which are removed.
fn removes_damaged_archives(runner: &Runner<'_>, log: &str) -> bool {
    if !runner.step.caches.iter().any(|cache| cache.name == "yarn") {
        return false;
    }
    let text = std::fs::read(runner.job.logs.join(format!("{log}.log"))).unwrap_or_default();
    let removed = remove_refused(&runner.job.caches.join("yarn/cache"), &String::from_utf8_lossy(&text));
    for name in &removed {
        (runner.on_line)(&format!("removed {name} from Yarn's cache, since it is damaged; trying again"));
    }
    !removed.is_empty()
}
