//! The backend's production workspace by two public commands of the Backstage CLI, for an engine that wants
//! its folder rather than the archives: neither Yarn nor tar nor gzip starts.

use monorepo::{Monorepo, Workspace};

use crate::archive::{DistWorkspace, OUT, PackageBuild};
use crate::command_line::{backstage_cli, direct, shares_root_version};

/// Roles whose packages are built into CommonJS and type declarations (`cli-node`, `packageRoles`): without
/// the declarations, which no production workspace holds, that is what the role `cli` builds.
const COMMON_JS_ROLES: &[&str] = &["backend", "backend-plugin", "backend-plugin-module", "node-library", "cli"];

/// The commands that lay out the production workspace in [`OUT`], or `None` where the archives' own build
/// does something that these commands would not: a script of the user's own, a role with more outputs.
pub(crate) fn dist_workspace(repo: &Monorepo) -> Option<DistWorkspace> {
    let packages = repo.production_packages();
    if !packages.iter().all(|package| is_plain(repo, package)) {
        return None;
    }
    let builds = packages.iter().filter(|package| !package.is_bundle());
    let builds = builds.map(|package| PackageBuild {
        folder: package.folder.clone(),
        action: backstage_cli(package, ["package", "build", "--role", "cli"].map(str::to_owned)),
    });
    let backend = repo.backend();
    let pack = backstage_cli(backend, ["build-workspace".to_owned(), OUT.to_owned(), backend.name.clone()]);
    let bundles = repo.bundles().iter().map(|package| package.folder.clone()).collect();
    Some(DistWorkspace { builds: builds.collect(), bundles, pack })
}

/// Whether these commands build a package as the build of the archives would
/// (`cli-module-build`, `createDistWorkspace`).
fn is_plain(repo: &Monorepo, package: &Workspace) -> bool {
    let prepack = package.manifest.script("prepack");
    let is_packed_by_the_cli = prepack.is_none_or(|script| script.starts_with("backstage-cli"));
    is_packed_by_the_cli && (package.is_bundle() || builds_common_js(repo, package))
}

fn builds_common_js(repo: &Monorepo, package: &Workspace) -> bool {
    let script = package.manifest.script("build").unwrap_or_default();
    let is_plain = direct("backstage-cli", script).is_some_and(|words| words == ["package", "build"]);
    let role = package.manifest.backstage.role.as_deref().unwrap_or_default();
    is_plain && COMMON_JS_ROLES.contains(&role) && shares_root_version(repo, package, "@backstage/cli")
}
