//! Each step as a stage: what the template needs of it.

use minijinja::{Value, context};
use monorepo::Monorepo;

use super::shell::{continued, debian_install, in_folder, quoted_script, secret_mounts};
use crate::action::Action;
use crate::command_line::shell_join;
use crate::place::{Place, Root};
use crate::plan::Recipe;
use crate::runtime_image::ImageProgram;
use crate::scripts::{lay_out_manifests_text, shim_text};
use crate::step::{ManifestForm, OriginForm, Sharing, Step};
use crate::steps::workspace_tops;

/// Where a stage finds the manifests that stand in for those of its origin.
const DERIVED: &str = "/out/production/";

/// The steps as stages, by where they work.
pub(super) fn all(repo: &Monorepo, recipe: &Recipe) -> Result<Value, minijinja::Error> {
    let (mut builders, mut trees, mut images, mut programs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for step in &recipe.steps {
        match &step.place {
            Place::BuilderRoot { packages, yarn } => {
                let yarn = yarn.as_ref();
                builders.push(context! {
                    packages => (!packages.is_empty()).then(|| debian_install(packages)),
                    yarn_package => yarn.map(|yarn| &yarn.package),
                    yarn_hash => yarn.and_then(|yarn| yarn.hash.as_ref()),
                    ..root(step)
                });
            }
            Place::ImageRoot { packages } => {
                images.push(context! { packages => debian_install(packages), ..root(step) })
            }
            Place::WorkTree { over: Root::Builder, .. } => trees.push(tree(repo, recipe, step)?),
            Place::WorkTree { over: Root::Image, packages, .. } => {
                programs.extend(program(recipe, step, packages)?);
            }
            Place::Image => {}
        }
    }
    Ok(context! { builders, trees, images, programs })
}

/// The stage that the image stands on.
pub(super) fn image_root(recipe: &Recipe) -> String {
    let root = recipe.steps.iter().rfind(|step| matches!(step.place, Place::ImageRoot { .. }));
    root.map_or_else(|| "${BASE_IMAGE}".to_owned(), |step| step.id.to_string())
}

/// The stages that read manifests, with the folders of those.
pub(super) fn manifests(recipe: &Recipe) -> Vec<Value> {
    let steps = recipe.steps.iter().filter(|step| !step.inputs.manifest_folders.is_empty());
    let folders = |step: &Step| continued(step.inputs.manifest_folders.iter().map(String::as_str));
    steps.map(|step| context! { id => step.id.to_string(), folders => folders(step) }).collect()
}

/// The script that lays these manifests out.
pub(super) fn lay_out_manifests(recipe: &Recipe) -> Result<String, minijinja::Error> {
    let steps = recipe.steps.iter().filter(|step| step.inputs.manifests == ManifestForm::Production);
    let is_one: Vec<_> = steps.map(|step| format!("stage === \"{}\"", step.id)).collect();
    lay_out_manifests_text(&is_one.join(" || "))
}

/// The stages that read files of the tree, and the runtime image's own files.
pub(super) fn layout(recipe: &Recipe) -> Vec<Value> {
    let steps = recipe.steps.iter().filter(|step| !step.inputs.paths.is_empty());
    let id = |step: &Step| if step.place == Place::Image { "runtime".to_owned() } else { step.id.to_string() };
    let paths = |step: &Step| continued(step.inputs.paths.iter().map(String::as_str));
    steps.map(|step| context! { id => id(step), paths => paths(step) }).collect()
}

/// A stage that changes a root file system.
fn root(step: &Step) -> Value {
    context! { id => step.id.to_string(), summary => &step.summary, mounts => secret_mounts(&step.secrets) }
}

/// A stage whose work tree is the app's folder.
fn tree(repo: &Monorepo, recipe: &Recipe, step: &Step) -> Result<Value, minijinja::Error> {
    let id = step.id.to_string();
    let target = if is_cut_down(step) { DERIVED } else { "./" };
    let mut copies = Vec::new();
    if !step.inputs.paths.is_empty() || !step.inputs.manifest_folders.is_empty() {
        copies.push(format!("--from=context /stages/{id}/ {target}"));
    }
    let handed = step.inputs.outputs.iter();
    copies.extend(handed.map(|handed| format!("--from={} /app/{path}/ ./{path}/", handed.step, path = handed.path)));
    let origin = step.from.as_ref().and_then(|origin| recipe.step(&origin.step));
    let shims = step.shims.iter().map(|shim| {
        let text = shim_text(shim, &format!("/usr/local/bin/{}", shim.name))?;
        Ok(context! { name => &shim.name, text => continued(text.lines()) })
    });
    Ok(context! {
        id => id,
        summary => &step.summary,
        from => origin.map_or_else(|| "${BASE_IMAGE}".to_owned(), |origin| origin.id.to_string()),
        workdir => origin.is_none_or(|origin| !origin.has_work_tree()),
        shims => shims.collect::<Result<Vec<_>, minijinja::Error>>()?,
        copies => copies,
        run => run_line(repo, recipe, step)?,
    })
}

/// A stage over the image's root file system, which leaves a program. Nothing compiles there.
fn program(recipe: &Recipe, step: &Step, packages: &[String]) -> Result<Option<Value>, minijinja::Error> {
    let Some(program) = recipe.image.programs.iter().find(|program| program.step == step.id) else { return Ok(None) };
    let ImageProgram { folder, links, .. } = program;
    let commands = step.actions.iter().map(|action| match action {
        Action::Run { argv, .. } => Ok(shell_join(argv)),
        Action::Script { script, .. } => Ok(format!("node -e '{}'", quoted_script(*script)?)),
    });
    let parent = |path: &str| path.rsplit_once('/').map_or_else(String::new, |(parent, _)| parent.to_owned());
    let links = links.iter().map(|(from, to)| context! { folder => parent(from), from, to });
    Ok(Some(context! {
        install => debian_install(packages),
        commands => commands.collect::<Result<Vec<_>, minijinja::Error>>()?,
        folder => folder,
        links => links.collect::<Vec<_>>(),
        ..root(step)
    }))
}

fn is_cut_down(step: &Step) -> bool {
    step.from.as_ref().is_some_and(|origin| matches!(origin.form, OriginForm::CutDown { .. }))
}

fn run_line(repo: &Monorepo, recipe: &Recipe, step: &Step) -> Result<String, minijinja::Error> {
    let mut commands = Vec::new();
    if is_cut_down(step) {
        commands.extend(derived_manifests(repo));
    }
    for action in &step.actions {
        commands.push(command(step, action)?);
    }
    if recipe.image.dependencies == step.id {
        commands.extend(optional_outputs(repo));
    }
    if step.gate {
        commands.push("mkdir -p /out/passed".to_owned());
    }
    let mounts: String = mounts(step).iter().map(|mount| format!("{mount} \\\n    ")).collect();
    Ok(mounts + &commands.join(" \\\n && "))
}

fn mounts(step: &Step) -> Vec<String> {
    let cache = |cache: &crate::step::Cache| {
        let name = cache.name;
        let sharing = if cache.sharing == Sharing::Exclusive { ",sharing=locked" } else { "" };
        format!("--mount=type=cache,id=backstage-xtask-{name},target=/cache/{name}{sharing}")
    };
    let mut mounts: Vec<String> = step.caches.iter().map(cache).collect();
    if !step.secrets.is_empty() {
        // Failed native builds leave their logs, and installs their scratch files, in /tmp.
        mounts.push("--mount=type=tmpfs,target=/tmp".to_owned());
        mounts.push(secret_mounts(&step.secrets));
    }
    mounts
}

fn command(step: &Step, action: &Action) -> Result<String, minijinja::Error> {
    Ok(match action {
        Action::Script { script, folder } => in_folder(folder, &format!("node -e '{}'", quoted_script(*script)?)),
        Action::Run { argv, folder } => {
            let wrapper = if step.secrets.is_empty() { "" } else { "with-build-environment " };
            let line = in_folder(folder, &format!("{wrapper}{}", shell_join(argv)));
            if step.network {
                format!("{{ {line} || {{ tail -n 60 /tmp/xfs-*/build.log 2>/dev/null; exit 1; }}; }}")
            } else {
                line
            }
        }
    })
}

/// Replaces the manifests of the origin by the step's own.
fn derived_manifests(repo: &Monorepo) -> Vec<String> {
    let tops = shell_join(&workspace_tops(repo));
    vec![
        format!("find {tops} -name node_modules -prune -o -name package.json -exec rm {{}} +"),
        format!("cp -a {DERIVED}. ./"),
    ]
}

/// Dependencies that Yarn could not hoist stay in their workspace; they are few, and go into a layer of
/// their own together with the folder `/app`.
fn optional_outputs(repo: &Monorepo) -> Vec<String> {
    let tops = shell_join(&workspace_tops(repo));
    vec![
        "mkdir -p /out/workspace-modules/app".to_owned(),
        format!("find {tops} -name node_modules -prune -exec cp -a --parents {{}} /out/workspace-modules/app \\;"),
    ]
}
