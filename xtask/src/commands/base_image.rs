//! `base-image`: a base where no registry can be reached, or the lock of one for builds without an engine.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use builder::state::State;
use builder::{StepLog, pins, write_atomically};
use containers::{BaseImageRequest, Engine, docker};
use diagnostics::megabytes;
use process::Interrupt;
use rootfs::{Architecture, LockRequest, PinnedImage, RootLock, Roots};
use serde_json::json;

use crate::flags::{BaseImage, RepositoryFlags};
use crate::output::Printer;
use crate::repository;

/// Node's release line when there is no repository to ask.
const DEFAULT_NODE: &str = "24";

pub(crate) fn run(
    flags: &BaseImage,
    repository: &RepositoryFlags,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<()> {
    if flags.update {
        return update(flags, repository, printer, interrupt);
    }
    let of_repository = || repository::read(repository, printer).map(|repo| repo.node.version).ok();
    let node = flags.node.clone().or_else(of_repository).unwrap_or_else(|| DEFAULT_NODE.to_owned());
    let reference = flags.tag.clone().unwrap_or_else(|| format!("node:{node}-trixie-slim"));
    make(&node, &reference, &flags.mirror, repository, printer, interrupt)?;
    printer.data(&reference);
    Ok(())
}

/// Locks what is newest today. For every architecture, as a committed lock is for all who build.
fn update(flags: &BaseImage, repository: &RepositoryFlags, printer: &Printer, interrupt: &Interrupt) -> Result<()> {
    let repo = repository::read(repository, printer)?;
    let state = State::open(&repo.root, repository.state_dir.as_deref(), printer, interrupt)?;
    let steps = StepLog::new(printer);
    let roots = Roots {
        shared: state.shared(),
        mirrors: &flags.mirror,
        ca_file: flags.ca_file.as_deref(),
        interrupt,
        reporter: &steps,
    };
    let file = flags.lock.clone().unwrap_or_else(|| repo.root.join(RootLock::FILE));
    let packages = repo.settings.runtime_packages();
    let wanted = LockRequest {
        node: flags.node.as_deref().unwrap_or(&repo.node.version),
        release: flags.release.as_deref().unwrap_or(rootfs::RELEASE),
        packages: &packages,
        pip: repo.settings.techdocs.enabled,
    };
    let known = RootLock::read(&file).ok().flatten().map(|lock| lock.images).unwrap_or_default();
    let mut lock = roots.resolve(wanted, &Architecture::ALL)?;
    lock.locked = Some(pins::today());
    lock.images = images(known, &recipe::default_base_image(&repo.node), &flags.base, printer);
    write_atomically(&file, lock.to_text()?.as_bytes())?;
    let text = format!("{}: {}, in {:.1} s", file.display(), summary(&lock), steps.seconds());
    printer.say(&text);
    printer.message("base-image", json!({ "lock": file, "seconds": steps.seconds() }));
    printer.data(&file.display().to_string());
    Ok(())
}

/// The images by digest. One that no registry tells keeps the digest it had.
fn images(
    mut known: BTreeMap<String, PinnedImage>,
    default: &str,
    more: &[String],
    printer: &Printer,
) -> BTreeMap<String, PinnedImage> {
    let names: BTreeSet<String> =
        known.keys().cloned().chain([default.to_owned()]).chain(more.iter().cloned()).collect();
    for name in names {
        match pins::resolve(&name) {
            Ok(image) => drop(known.insert(name, image)),
            Err(reason) => {
                let stays =
                    if known.contains_key(&name) { "keeps the digest it had" } else { "stays without a digest" };
                printer.warning(&format!("{name} {stays}, since no registry tells it: {reason}"));
            }
        }
    }
    known
}

fn summary(lock: &RootLock) -> String {
    let node = lock.architectures.values().map(|platform| platform.node.version.as_str()).next().unwrap_or_default();
    let packages: usize = lock.architectures.values().map(|platform| platform.packages.len()).sum();
    format!("Node {node}, {packages} packages of Debian {}", lock.release)
}

/// Makes the image `reference` with this Node and says how large it is.
pub(crate) fn make(
    node: &str,
    reference: &str,
    mirrors: &[String],
    repository: &RepositoryFlags,
    printer: &Printer,
    interrupt: &Interrupt,
) -> Result<()> {
    let docker = docker::find(None)?;
    let state = State::of_base_images(repository.state_dir.as_deref(), printer, interrupt)?;
    let scratch = state.scratch()?;
    let log = state.path("logs/base-image.log");
    let steps = StepLog::new(printer);
    let request = BaseImageRequest { node, npm: rootfs::NPM, reference, mirrors, scratch: scratch.path(), log: &log };
    let id = containers::make_base_image(&docker, &request, interrupt, &steps)?;
    let size = docker.inspect(&id)?.map_or(0, |image| image.size);
    printer.say(&format!("{reference}: {}, in {:.1} s", megabytes(size), steps.seconds()));
    printer
        .message("base-image", json!({ "reference": reference, "id": id, "size": size, "seconds": steps.seconds() }));
    Ok(())
}
