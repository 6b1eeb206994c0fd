//! The small programs that steps run beside the repository's own, from `assets/scripts`.

use minijinja::{Environment, UndefinedBehavior, Value, context};
use monorepo::{DEPENDENCY_MAPS, INSTALL_FIELDS, LIFECYCLE_SCRIPTS, Monorepo, NOT_FOR_INSTALL, YarnRelease};

use crate::action::Script;
use crate::step::Shim;

/// A shell script that runs a command with the build secrets in its environment.
pub const WITH_BUILD_ENVIRONMENT: &str = include_str!("../../../assets/scripts/with-build-environment.sh");

const LAY_OUT_MANIFESTS: &str = include_str!("../../../assets/scripts/lay-out-manifests.js");
const CHECK_LOCKFILE: &str = include_str!("../../../assets/scripts/check-lockfile.js");
const CHECK_SKELETON: &str = include_str!("../../../assets/scripts/check-skeleton.js");
const SORT_CONFIG_SCHEMA: &str = include_str!("../../../assets/scripts/sort-config-schema.js");
const YARN_SHIM: &str = include_str!("../../../assets/scripts/yarn-shim.sh");

/// The text of a script, for `node -e`.
///
/// # Errors
/// The script in `assets/` is broken as a template.
pub fn script_text(script: Script) -> Result<String, minijinja::Error> {
    let text = match script {
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

/// Writes the reduced manifests that stages read; with the JavaScript that knows stages of production manifests.
///
/// # Errors
/// As [`script_text`].
pub(crate) fn lay_out_manifests_text(is_production: &str) -> Result<String, minijinja::Error> {
    let json = |list: &[&str]| serde_json::to_string(list).unwrap_or_default();
    fill(
        LAY_OUT_MANIFESTS,
        &context! {
            is_production,
            not_for_install => json(NOT_FOR_INSTALL),
            dependency_maps => json(DEPENDENCY_MAPS),
            lifecycle_scripts => json(LIFECYCLE_SCRIPTS),
        },
    )
}

/// The shell script of a shim, which leaves all but what is built already to `program`.
///
/// # Errors
/// As [`script_text`].
pub fn shim_text(shim: &Shim, program: &str) -> Result<String, minijinja::Error> {
    fill(YARN_SHIM, &context! { bundle_folders => &shim.built, yarn => program })
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
