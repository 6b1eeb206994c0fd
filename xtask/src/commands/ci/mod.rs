//! `ci`: workflows of CI services, and what their jobs say.

mod compare;

use anyhow::Result;
use builder::sha256_of;
use deployment::{CiService, FLIGHTCONTROL};

use crate::exit::WrongUsage;
use crate::flags::{Ci, CiCommand, CiInit, RepositoryFlags, Service};
use crate::output::Printer;
use crate::rendered::{Advice, Compared, DriftStatus, bring_in_line};
use crate::repository;

/// So many characters of a digest are enough to tell caches apart.
const KEY_LENGTH: usize = 16;

/// What to do about a workflow that is not as it would be written.
const ADVICE: Advice = Advice {
    edited: "keep it, and write another by `--file FILE`, which yours may include; or replace it with `--force`",
    outdated: "run `cargo xtask ci init` without `--check` and commit the result",
};

impl From<Service> for CiService {
    fn from(service: Service) -> Self {
        match service {
            Service::Github => Self::GitHub,
            Service::Gitlab => Self::GitLab,
            Service::Codebuild => Self::CodeBuild,
        }
    }
}

pub(crate) fn run(flags: &Ci, repository: &RepositoryFlags, printer: &Printer) -> Result<()> {
    match &flags.command {
        CiCommand::Init(flags) => init(flags, repository, printer),
        CiCommand::Key => key(repository, printer),
        CiCommand::Compare(flags) => compare::run(&flags.before, &flags.after, printer),
    }
}

fn init(flags: &CiInit, repository: &RepositoryFlags, printer: &Printer) -> Result<()> {
    let repo = repository::read(repository, printer)?;
    let service = CiService::from(flags.service);
    let path = flags.file.as_deref().unwrap_or(service.path());
    if path.starts_with('/') || path.split('/').any(|part| part == "..") {
        return Err(
            WrongUsage::new(format!("--file {path}: expected a file of the repository, relative to its root")).into()
        );
    }
    let workflow = service.workflow(&repo.settings.flightcontrol.branch, path);
    let found = std::fs::read_to_string(repo.root.join(path)).ok();
    let file = Compared::signed(workflow, found);
    let is_new = file.standing != DriftStatus::UpToDate;
    bring_in_line(&repo.root, &[file], &flags.how, &ADVICE, printer)?;
    let lacks = |file: &str| is_new && !repo.root.join(file).is_file();
    if lacks(".cargo/config.toml") {
        printer.warning(
            "the workflow runs `cargo xtask`, which this repository does not have\n  hint: put this tool into it with \
             `cargo xtask vendor DIR`",
        );
    }
    if lacks(FLIGHTCONTROL) {
        printer.warning(
            "the workflow runs `cargo xtask check`, and there are no files of a deployment\n  hint: write them with \
             `cargo xtask render`",
        );
    }
    Ok(())
}

/// Keyed by what seldom changes and takes long: an edit of sources finds the state of before.
fn key(repository: &RepositoryFlags, printer: &Printer) -> Result<()> {
    let repo = repository::read(repository, printer)?;
    let recipe = recipe::plan(&repo, None);
    // What is fetched takes long.
    let is_slow = |step: &&recipe::Step| step.network;
    let digest = sha256_of(recipe.steps.iter().filter(is_slow).map(|step| step.fingerprint.as_str()));
    printer.data(&digest[..KEY_LENGTH]);
    Ok(())
}
