//! The small programs that steps run beside the repository's own, from `assets/scripts`.

use minijinja::{Environment, UndefinedBehavior, Value, context};
use monorepo::{DEPENDENCY_MAPS, INSTALL_FIELDS, LIFECYCLE_SCRIPTS, Monorepo, NOT_FOR_INSTALL, YarnRelease};

use crate::step::Script;

/// A shell script that runs a command with the build secrets in its environment.
pub const WITH_BUILD_ENVIRONMENT: &str = include_str!("../../../assets/scripts/with-build-environment.sh");

const LAY_OUT_MANIFESTS: &str = include_str!("../../../assets/scripts/lay-out-manifests.js");
const CHECK_LOCKFILE: &str = include_str!("../../../assets/scripts/check-lockfile.js");
const CHECK_SKELETON: &str = include_str!("../../../assets/scripts/check-skeleton.js");
const SORT_CONFIG_SCHEMA: &str = include_str!("../../../assets/scripts/sort-config-schema.js");
const YARN_BUT_BUNDLES: &str = include_str!("../../../assets/scripts/yarn-but-bundles.sh");

/// The text of a script, for `node -e`.
///
/// # Errors
/// The script in `assets/` is broken as a template.
pub fn script_text(script: Script) -> Result<String, minijinja::Error> {
    let text = match script {
        Script::LayOutManifests => LAY_OUT_MANIFESTS,
        Script::CheckLockfile => CHECK_LOCKFILE,
        Script::CheckSkeleton => CHECK_SKELETON,
        Script::SortConfigSchema => SORT_CONFIG_SCHEMA,
    };
    let json = |list: &[&str]| serde_json::to_string(list).unwrap_or_default();
    fill(
        text,
        &context! {
            not_for_install => json(NOT_FOR_INSTALL),
            dependency_maps => json(DEPENDENCY_MAPS),
            lifecycle_scripts => json(LIFECYCLE_SCRIPTS),
            install_fields => json(INSTALL_FIELDS),
        },
    )
}

/// A shell script to find as `yarn` while the backend is built: the bundled packages are built already. All
/// else is for the program `yarn`.
///
/// # Errors
/// As [`script_text`].
pub fn yarn_but_bundles(repo: &Monorepo, yarn: &str) -> Result<String, minijinja::Error> {
    let folders: Vec<_> = repo.bundles().into_iter().map(|workspace| workspace.folder.clone()).collect();
    fill(YARN_BUT_BUNDLES, &context! { bundle_folders => folders, yarn })
}

/// File of the Yarn release in a builder.
pub fn yarn_file(repo: &Monorepo) -> String {
    match &repo.yarn.release {
        YarnRelease::Committed { path } => format!("/app/{path}"),
        YarnRelease::Registry { .. } => "/opt/yarn/lib/node_modules/@yarnpkg/cli-dist/bin/yarn.js".to_owned(),
    }
}

/// Fills in a template of `assets/`.
///
/// # Errors
/// It is broken, or asks for a value that is not given.
pub fn fill(template: &str, values: &Value) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let text = environment.render_str(template, values)?;
    Ok(text.trim_end().to_owned() + "\n")
}
