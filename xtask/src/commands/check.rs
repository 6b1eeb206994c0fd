//! `check`: do the files that a deployment reads agree with the repository and with each other?

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use builder::{pins, summary, write_atomically};
use deployment::{
    CODES, Deployment, DeploymentFile, Dockerfile, FLIGHTCONTROL, check_deployment, flightcontrol_json,
    named_dockerfiles, service_dockerfiles,
};
use diagnostics::{BaselineResult, Finding, Problem, Problems, Severity};
use monorepo::Monorepo;
use recipe::Recipe;
use serde_json::json;

use crate::difference::difference;
use crate::exit::WrongUsage;
use crate::findings::{Report, accepted, checkout};
use crate::flags::{Check, RepositoryFlags};
use crate::output::Printer;
use crate::repository;
use crate::source_location::Places;

/// What writes a baseline.
const COMMAND: &str = "check";

pub(crate) fn run(flags: &Check, repository: &RepositoryFlags, printer: &Printer) -> Result<()> {
    let repo = repository::read(repository, printer)?;
    let recipe = recipe::plan(&repo, None);
    let accepted = accepted(&flags.findings, COMMAND)?;
    if flags.fix {
        fix(&repo, &recipe, printer)?;
    }
    let deployment = read(&repo, &flags.dockerfile)?;
    let BaselineResult { findings, accepted, baseline } = check_deployment(&repo, &recipe, &deployment, &accepted)?;
    let checkout = checkout();
    let report = Report {
        kinds: CODES,
        findings: &findings,
        accepted: &accepted,
        places: &Places::new(&repo, checkout.as_deref()),
        table: &|| table(&deployment, &findings, &accepted),
        message: ("deployment", &|| {
            json!({
                "files": paths(&deployment),
                "sound": findings.iter().all(|finding| finding.severity < Severity::Error),
                "findings": findings,
                "accepted": accepted,
            })
        }),
    };
    report.print(printer);
    report.conclude(&flags.findings, &baseline, "the deployment", printer)
}

/// Adds to our service in `flightcontrol.json` what it lacks; values that somebody wrote stay.
fn fix(repo: &Monorepo, recipe: &Recipe, printer: &Printer) -> Result<()> {
    let path = repo.root.join(FLIGHTCONTROL);
    let Ok(found) = std::fs::read_to_string(&path) else { return Ok(()) };
    let fixed = flightcontrol_json(repo, recipe, Some(&found)).map_err(Problems::from)?.additions;
    if fixed != found {
        write_atomically(&path, fixed.as_bytes())?;
        printer.say(&format!("{FLIGHTCONTROL} fixed"));
        printer.block(&difference(FLIGHTCONTROL, &found, &fixed));
    }
    Ok(())
}

/// The Dockerfiles that are named, else those of the services and ours, else the one create-app makes.
fn read(repo: &Monorepo, named: &[String]) -> Result<Deployment> {
    let services = file(repo, FLIGHTCONTROL)?;
    let backend = &repo.backend().folder;
    let ours = format!("{backend}/Dockerfile.flightcontrol");
    let mut paths: BTreeSet<String> = match &services {
        Some(services) if named.is_empty() => named_dockerfiles(repo, &services.text).into_iter().collect(),
        _ => named.iter().cloned().collect(),
    };
    if named.is_empty() {
        paths.insert(ours);
    }
    let mut dockerfiles = read_all(repo, &paths)?;
    if dockerfiles.is_empty() && named.is_empty() && services.is_none() {
        dockerfiles = read_all(repo, &[format!("{backend}/Dockerfile")].into())?;
    }
    if let Some(missing) = named.iter().find(|path| !dockerfiles.iter().any(|one| one.file.path == **path)) {
        let hint = "name a Dockerfile relative to the root of the repository";
        return Err(WrongUsage::new(format!("{}: no such file", missing.escape_debug())).hint(hint).into());
    }
    if services.is_none() && dockerfiles.is_empty() {
        let expected = "what a deployment reads";
        let problem =
            Problem::new(FLIGHTCONTROL, "neither this nor a Dockerfile", expected, "run `cargo xtask render`");
        return Err(Problems::from(problem).into());
    }
    let mut missing = services.as_ref().map_or_else(BTreeSet::new, |file| service_dockerfiles(repo, &file.text));
    missing.retain(|path| !repo.root.join(path).is_file());
    Ok(Deployment { services, dockerfiles, missing, pins: pins::of(&repo.root)? })
}

fn read_all(repo: &Monorepo, paths: &BTreeSet<String>) -> Result<Vec<Dockerfile>> {
    let mut dockerfiles = Vec::new();
    for path in paths {
        if let Some(dockerfile) = file(repo, path)? {
            let beside = file(repo, &format!("{path}.dockerignore"))?;
            let ignore_file = if beside.is_some() { beside } else { file(repo, ".dockerignore")? };
            dockerfiles.push(Dockerfile { file: dockerfile, ignore_file });
        }
    }
    Ok(dockerfiles)
}

fn file(repo: &Monorepo, path: &str) -> Result<Option<DeploymentFile>> {
    let whole = repo.root.join(Path::new(path));
    if !whole.is_file() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&whole).with_context(|| format!("reading {}", whole.display()))?;
    Ok(Some(DeploymentFile { path: path.to_owned(), text }))
}

fn paths(deployment: &Deployment) -> Vec<&str> {
    let dockerfiles = deployment.dockerfiles.iter().flat_map(|one| [Some(&one.file), one.ignore_file.as_ref()]);
    let files = std::iter::once(deployment.services.as_ref()).chain(dockerfiles);
    files.flatten().map(|file| file.path.as_str()).collect()
}

fn table(deployment: &Deployment, findings: &[Finding], accepted: &[Finding]) -> String {
    let mut lines = vec![format!("looked at {}", paths(deployment).join(", "))];
    lines.extend(findings.iter().map(summary::finding));
    lines.extend(accepted.iter().map(summary::accepted));
    lines.join("\n")
}
