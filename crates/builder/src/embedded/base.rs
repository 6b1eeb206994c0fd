//! What a build of the embedded engine stands on: the root file system its steps run over, and the base of
//! its image.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use diagnostics::{CheckFailed, WrongUsage};
use image::{ContainerConfig, LayerFiles, Owner, StoredImage, debian};
use monorepo::{Monorepo, SETTINGS, YarnRelease};
use rootfs::{Architecture, ImageRoot, LockRequest, RELEASE, RootLock, RootSet, Roots};
use sandbox::{Builder, Reuse};

use super::layer_store::{LayerStore, SizedLayer};
use crate::context::Context;
use crate::files::write_atomically;
use crate::settings::{BuildSettings, RuntimeKind};
use crate::state::State;

/// Where programs are in the root file systems of our own.
const SEARCH_PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The base of an image.
pub(crate) struct Base {
    /// Kind, or reference.
    pub(crate) name: String,
    /// Equal digests, equal layers.
    pub(crate) digest: String,
    /// How programs are started by it, unless the image says otherwise.
    pub(crate) config: ContainerConfig,
    root: PathBuf,
    image: Option<StoredImage>,
}

/// The root file systems of a build.
pub(crate) struct BuildRoots {
    /// What the steps run over.
    pub(crate) builder: Builder,
    /// What the image's layers go on.
    pub(crate) base: Base,
}

/// Finds the root file systems or makes them, by the repository's lock, or else by one in the state folder.
pub(crate) fn prepare(context: &Context<'_>) -> Result<BuildRoots> {
    let Context { settings, repo, state, report, console, interrupt, .. } = context;
    let (ca_file, mirrors) = (settings.ca_file.as_deref(), settings.embedded.mirrors.as_slice());
    let roots = Roots { shared: state.shared(), mirrors, ca_file, interrupt, reporter: &report.steps };
    let (builder, base, pip) = match &settings.base {
        Some(_) if settings.embedded.runtime.is_some() => {
            return Err(WrongUsage::new("--base and --runtime both name a base").hint("leave one out").into());
        }
        Some(reference) => {
            let image = roots.image(reference, settings.reuse == Reuse::Nothing)?;
            require_packages(reference, &image.root.path, repo)?;
            let lock = root_lock(&roots, settings, repo, state, &image.release)?;
            (roots.prepare_on(&image, &lock)?, Base::of_image(reference, image), roots.pip(&lock)?)
        }
        None => {
            let lock = root_lock(&roots, settings, repo, state, RELEASE)?;
            let builder = roots.prepare(&lock, RootSet::Builder, None)?;
            let strip = |program: &Path| sandbox::strip(&sandbox::find_sandbox()?, &builder.path, program, interrupt);
            let set = match settings.embedded.runtime.unwrap_or(RuntimeKind::Minimal) {
                RuntimeKind::Minimal => RootSet::Minimal,
                RuntimeKind::Slim => RootSet::Slim,
            };
            let runtime = roots.prepare(&lock, set, Some(&strip))?;
            for package in roots.not_run(&lock, set)? {
                console.warning(&format!(
                    "the package {package}, and the engine embedded runs no install scripts: what comes of that is not in the image\n  \
                     hint: see whether the program works without it; `--engine docker` installs packages as Debian does"
                ));
            }
            (builder, Base::of_packages(set, runtime), roots.pip(&lock)?)
        }
    };
    let yarn = match &repo.yarn.release {
        YarnRelease::Committed { .. } => None,
        YarnRelease::Registry { version, .. } => Some(roots.npm_package("@yarnpkg/cli-dist", version, None)?),
    };
    Ok(BuildRoots { builder: Builder { path: builder.path, digest: builder.digest, yarn, pip }, base })
}

/// Nothing is added to an image of somebody's own: what the settings ask for must be in it.
fn require_packages(reference: &str, root: &Path, repo: &Monorepo) -> Result<()> {
    let status = std::fs::read_to_string(root.join("var/lib/dpkg/status")).unwrap_or_default();
    let is_installed = |name: &String| {
        let named = debian::stanzas(&status).filter(|stanza| debian::field(stanza, "Package") == Some(name.as_str()));
        named.filter_map(|stanza| debian::field(stanza, "Status")).any(|status| status == "install ok installed")
    };
    let missing: Vec<_> = repo.settings.runtime_packages().into_iter().filter(|name| !is_installed(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(CheckFailed::new(format!("{reference}: found no package {}, which {SETTINGS} asks for; the engine embedded adds none to an image of your own",
        missing.join(", ")
    )).hint("install them in that image, leave out --base, or use `--engine docker`")
    .into())
}

fn root_lock(
    roots: &Roots<'_>,
    settings: &BuildSettings,
    repo: &Monorepo,
    state: &State,
    release: &str,
) -> Result<RootLock> {
    let packages = repo.settings.runtime_packages();
    let node = settings.embedded.node.as_deref().unwrap_or(&repo.node.version);
    let wanted = LockRequest { node, release, packages: &packages, pip: repo.settings.techdocs.enabled };
    let committed = repo.root.join(RootLock::FILE);
    if let Some(lock) = RootLock::read(&committed)? {
        if !lock.has_node(&repo.node.version) {
            return Err(CheckFailed::new(format!(
                "{}: found no Node {}, which the repository asks for",
                committed.display(),
                repo.node.version
            ))
            .hint("run `cargo xtask base-image --update` and commit the file")
            .into());
        }
        if let Some(difference) = lock.differs_in(wanted.packages, wanted.pip) {
            return Err(CheckFailed::new(format!("{}: {difference}, as {SETTINGS} asks", committed.display(),))
                .hint("run `cargo xtask base-image --update` and commit the file")
                .into());
        }
        return Ok(lock);
    }
    // One for each release and Node version: either may be asked for by another commit.
    let file = state.path(&format!("{release}-node-{node}.{}", RootLock::FILE));
    if let Ok(Some(lock)) = RootLock::read(&file)
        && lock.differs_in(wanted.packages, wanted.pip).is_none()
    {
        return Ok(lock);
    }
    let lock = roots.resolve(wanted, &[Architecture::of_host()?])?;
    write_atomically(&file, lock.to_text()?.as_bytes())?;
    Ok(lock)
}

impl Base {
    fn of_packages(set: RootSet, root: rootfs::Root) -> Self {
        let env = vec![SEARCH_PATH.to_owned(), format!("NODE_VERSION={}", root.node_version)];
        Self {
            name: set.name().to_owned(),
            digest: root.digest,
            config: ContainerConfig { env, ..ContainerConfig::default() },
            root: root.path,
            image: None,
        }
    }

    fn of_image(reference: &str, image: ImageRoot) -> Self {
        Self {
            name: reference.to_owned(),
            digest: image.root.digest,
            config: image.image.config.config.clone(),
            root: image.root.path,
            image: Some(image.image),
        }
    }

    /// The layers of the base, in our layout.
    pub(crate) fn layers(&self, store: &mut LayerStore) -> Result<Vec<SizedLayer>> {
        let Some(image) = &self.image else {
            return Ok(vec![store.layer(&self.digest, || files(&self.root))?]);
        };
        let bytes = files(&self.root).context("measuring the base image")?.bytes();
        let sized = image.layers.iter().enumerate().map(|(index, layer)| {
            Ok(SizedLayer { layer: store.import(layer)?, bytes: if index == 0 { bytes } else { 0 } })
        });
        sized.collect()
    }
}

/// A root file system as a layer.
fn files(root: &Path) -> Result<LayerFiles> {
    let mut files = LayerFiles::new();
    files.add_folder(root, "", Owner::ROOT, |_| true)?;
    files.add_directory("tmp", 0o1777, Owner::ROOT)?;
    Ok(files)
}
