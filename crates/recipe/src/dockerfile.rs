//! The recipe written down as a Dockerfile and its ignore file.
//!
//! The syntax is what Docker 20.10's own frontend, BuildKit, Podman and Buildah all read: no
//! here-documents, no `COPY --link`, `--parents` or `--exclude`, no `# syntax=` line.

use diagnostics::hexadecimal;
use minijinja::{Value, context};
use monorepo::{Monorepo, YarnRelease};
use sha2::{Digest, Sha256};

use crate::command_line::{shell_join, shell_quote};
use crate::health::HealthCheck;
use crate::plan::{Recipe, debian_packages, workspace_tops};
use crate::runtime::{MKDOCS, TECHDOCS};
use crate::scripts::{WITH_BUILD_ENVIRONMENT, fill, script_text, yarn_but_bundles, yarn_file};
use crate::step::{Action, Inputs, Script, Step, StepId};

const DOCKERFILE: &str = include_str!("../../../assets/Dockerfile.flightcontrol");
const IGNORE_FILE: &str = include_str!("../../../assets/Dockerfile.flightcontrol.dockerignore");

/// A rendered file: its path relative to the root of the repository, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// `packages/backend/Dockerfile.flightcontrol`, where the backend is there.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// Renders the Dockerfile and its ignore file, in this order.
///
/// # Errors
/// A template in `assets/` is broken.
pub fn render(repo: &Monorepo, recipe: &Recipe) -> Result<[Rendered; 2], minijinja::Error> {
    let (path, ignore_path) = (recipe.dockerfile(), recipe.ignore_file());
    let dockerfile = fill(DOCKERFILE, &dockerfile_values(repo, recipe, &path)?)?;
    let ignore_file = fill(IGNORE_FILE, &context! { ignored => &repo.ignored })?;
    Ok([Rendered { path, text: sign(&dockerfile) }, Rendered { path: ignore_path, text: sign(&ignore_file) }])
}

/// Begins the line that holds the digest of all the others.
const SIGNATURE: &str = "# Digest of the lines around this one, which tells edits by hand: sha256:";

/// Puts the signature under the first line.
pub fn sign(text: &str) -> String {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    format!("{first}\n{SIGNATURE}{}\n{rest}", hexadecimal(&Sha256::digest(text)))
}

/// Whether a rendered file is as it was rendered, by whatever version.
pub fn is_as_rendered(text: &str) -> bool {
    let mut signature = None;
    let kept: String = text
        .split_inclusive('\n')
        .filter(|line| match line.strip_prefix(SIGNATURE) {
            Some(digest) if signature.is_none() => {
                signature = Some(digest.trim().to_owned());
                false
            }
            _ => true,
        })
        .collect();
    signature.is_some_and(|digest| digest == hexadecimal(&Sha256::digest(kept)))
}

fn dockerfile_values(repo: &Monorepo, recipe: &Recipe, path: &str) -> Result<Value, minijinja::Error> {
    let bundles: Vec<_> = repo.bundles().into_iter().map(|workspace| workspace.folder.clone()).collect();
    let yarn_file = yarn_file(repo);
    let (yarn_package, yarn_hash) = match &repo.yarn.release {
        YarnRelease::Committed { .. } => (String::new(), String::new()),
        YarnRelease::Registry { version, hash } => {
            (format!("@yarnpkg/cli-dist@{version}"), hash.clone().unwrap_or_default())
        }
    };
    let registry = repo.yarn.registry.as_ref().map(|url| format!("--registry={} ", shell_quote(url)));
    let own_stages = [StepId::Toolchain, StepId::RuntimePackages, StepId::TechDocs, StepId::Assemble];
    let steps = recipe.steps.iter().filter(|step| !own_stages.contains(&step.id));
    let steps = steps.map(|step| stage(repo, step, &bundles)).collect::<Result<Vec<_>, _>>()?;
    Ok(context! {
        dockerfile => path,
        base_image => &recipe.base_image,
        backend => &recipe.backend,
        lay_out_manifests => quoted_script(Script::LayOutManifests)?,
        install_manifests => manifest_arguments(recipe, &StepId::Install),
        production_manifests => manifest_arguments(recipe, &StepId::ProductionDependencies),
        layout => layout(recipe),
        committed_cache => repo.yarn.committed_cache.is_some(),
        with_build_environment => continued(WITH_BUILD_ENVIRONMENT.lines()),
        yarn_but_bundles => continued(yarn_but_bundles(repo, "/usr/local/bin/yarn")?.lines()),
        yarn_file, yarn_package, yarn_hash,
        registry_option => registry.unwrap_or_default(),
        debian_install => (!debian_packages(repo).is_empty()).then(|| debian_install(&debian_packages(repo).join(" "))),
        network_mounts => secret_mounts(recipe.steps.first().map_or(&[][..], |step| &step.secrets)),
        steps => steps,
        runtime_packages => step_of(recipe, &StepId::RuntimePackages).map(|step| runtime_packages(repo, step)),
        techdocs => step_of(recipe, &StepId::TechDocs).map(techdocs),
        typecheck => step_of(recipe, &StepId::Typecheck).is_some(),
        check_skeleton => quoted_script(Script::CheckSkeleton)?,
        environment => recipe.image.environment.iter().filter(|variable| *variable != "NODE_ENV=production").cloned().collect::<Vec<_>>(),
        port => recipe.image.port,
        command => exec_form(&recipe.image.command),
        health_check => recipe.image.health_check.as_ref().map(health_check),
    })
}

/// A program and its arguments, which no shell reads.
fn exec_form(command: &[String]) -> String {
    serde_json::to_string(command).unwrap_or_default()
}

fn health_check(check: &HealthCheck) -> String {
    let HealthCheck { command, interval, timeout, start_period, retries } = check;
    format!(
        "--interval={interval}s --timeout={timeout}s --start-period={start_period}s --retries={retries} \\\n  CMD {}",
        exec_form(command)
    )
}

fn step_of<'a>(recipe: &'a Recipe, id: &StepId) -> Option<&'a Step> {
    recipe.steps.iter().find(|step| step.id == *id)
}

fn inputs_of<'a>(recipe: &'a Recipe, id: &StepId) -> Option<&'a Inputs> {
    step_of(recipe, id).map(|step| &step.inputs)
}

fn manifest_arguments(recipe: &Recipe, id: &StepId) -> String {
    inputs_of(recipe, id)
        .map_or_else(String::new, |inputs| continued(inputs.manifest_folders.iter().map(String::as_str)))
}

/// The stages that read files of the tree, and the runtime image's own files.
fn layout(recipe: &Recipe) -> Vec<Value> {
    let steps = recipe.steps.iter().filter(|step| !step.inputs.paths.is_empty());
    steps
        .map(|step| {
            let id = if step.id == StepId::Assemble { "runtime".to_owned() } else { step.id.to_string() };
            context! { id => id, paths => continued(step.inputs.paths.iter().map(String::as_str)) }
        })
        .collect()
}

/// Words for a shell, one on a line.
fn continued<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("\\\n      {}", shell_quote(word))).collect::<Vec<_>>().join(" ")
}

/// A script as one argument in single quotes, its lines continued as a Dockerfile does.
fn quoted_script(script: Script) -> Result<String, minijinja::Error> {
    let text = script_text(script)?;
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//") && !line.trim().is_empty());
    Ok(lines.map(|line| format!("\\\n      {}", line.replace('\'', r"'\''"))).collect::<Vec<_>>().join(" ") + " ")
}

fn secret_mounts(secrets: &[String]) -> String {
    let mounts: Vec<_> = secrets.iter().map(|id| format!("--mount=type=secret,id={id}")).collect();
    mounts.join(" \\\n    ")
}

/// Installs Debian packages by a script for `sh`; its arguments are what apt is told about certificates.
fn debian_install(packages: &str) -> String {
    [
        "sh -ec 'if [ -f /run/secrets/ca ]; then set -- -o Acquire::https::CAInfo=/run/secrets/ca; fi;",
        "apt-get \"$@\" update;",
        &format!("apt-get \"$@\" install --yes --no-install-recommends {packages};"),
        "rm -rf /var/lib/apt/lists/*' apt-get",
    ]
    .join(" \\\n      ")
}

/// The stage that the image stands on, without logs and caches of the installation.
fn runtime_packages(repo: &Monorepo, step: &Step) -> Value {
    let install = debian_install(&repo.settings.runtime_packages().join(" "));
    context! { summary => &step.summary, mounts => secret_mounts(&step.secrets), install => install }
}

fn techdocs(step: &Step) -> Value {
    let argv = |action: &Action| match action {
        Action::Run { argv, .. } => shell_join(argv),
        Action::Script { .. } => String::new(),
    };
    let commands: Vec<_> = step.actions.iter().map(argv).collect();
    context! {
        summary => &step.summary,
        mounts => secret_mounts(&step.secrets),
        install => debian_install("python3-pip-whl"),
        commands => commands,
        folder => TECHDOCS,
        mkdocs => MKDOCS,
    }
}

/// One step as a stage.
fn stage(repo: &Monorepo, step: &Step, bundles: &[String]) -> Result<Value, minijinja::Error> {
    let id = step.id.to_string();
    let target = if step.id == StepId::ProductionDependencies { "/out/production/" } else { "./" };
    let mut copies = vec![format!("--from=context /stages/{id}/ {target}")];
    let built = step.needs.iter().filter(|need| matches!(need, StepId::Build(_)));
    copies
        .extend(built.zip(bundles).map(|(need, folder)| format!("--from={need} /app/{folder}/dist/ ./{folder}/dist/")));
    let from = step.from.as_ref().map_or_else(|| "${BASE_IMAGE}".to_owned(), StepId::to_string);
    Ok(context! {
        id => id,
        summary => &step.summary,
        from => from,
        workdir => step.id == StepId::Install,
        shim => step.id == StepId::BuildBackend && !bundles.is_empty(),
        copies => copies,
        run => run_line(repo, step)?,
    })
}

fn run_line(repo: &Monorepo, step: &Step) -> Result<String, minijinja::Error> {
    let mut mounts: Vec<String> = step
        .caches
        .iter()
        .map(|cache| match *cache {
            "yarn" => "--mount=type=cache,id=backstage-xtask-yarn,target=/cache/yarn,sharing=locked".to_owned(),
            other => format!("--mount=type=cache,id=backstage-xtask-{other},target=/cache/{other}"),
        })
        .collect();
    if !step.secrets.is_empty() {
        // Failed native builds leave their logs, and installs their scratch files, in /tmp.
        mounts.push("--mount=type=tmpfs,target=/tmp".to_owned());
        mounts.push(secret_mounts(&step.secrets));
    }
    let mut commands = Vec::new();
    if step.id == StepId::ProductionDependencies {
        commands.extend(derived_manifests(repo));
    }
    for action in &step.actions {
        commands.push(command(step, action)?);
    }
    match step.id {
        StepId::ProductionDependencies => commands.extend(workspace_modules(repo)),
        StepId::Typecheck => commands.push("mkdir -p /out/passed".to_owned()),
        _ => {}
    }
    let mounts: String = mounts.iter().map(|mount| format!("{mount} \\\n    ")).collect();
    Ok(mounts + &commands.join(" \\\n && "))
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

fn in_folder(folder: &str, line: &str) -> String {
    // An absolute path, since the commands of a step share one shell.
    if folder.is_empty() { line.to_owned() } else { format!("cd {} && {line}", shell_quote(&format!("/app/{folder}"))) }
}

/// Replaces the manifests of the install by those of the production workspace.
fn derived_manifests(repo: &Monorepo) -> Vec<String> {
    let tops = shell_join(&workspace_tops(repo));
    vec![
        format!("find {tops} -name node_modules -prune -o -name package.json -exec rm {{}} +"),
        "cp -a /out/production/. ./".to_owned(),
    ]
}

/// Dependencies that Yarn could not hoist stay in their workspace; they are few, and go into a layer of
/// their own together with the folder `/app`.
fn workspace_modules(repo: &Monorepo) -> Vec<String> {
    let tops = shell_join(&workspace_tops(repo));
    vec![
        "mkdir -p /out/workspace-modules/app".to_owned(),
        format!("find {tops} -name node_modules -prune -exec cp -a --parents {{}} /out/workspace-modules/app \\;"),
    ]
}
