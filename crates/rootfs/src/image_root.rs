//! Root file systems from an image: a registry's, a layout's or an archive's.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use image::{ImageSource, ImageTree, StoredImage, node_version_of_header};
use process::{EngineError, Invocation, as_step, fs};

use crate::kinds::{Architecture, RootSet};
use crate::lay::lay;
use crate::lock::RootLock;
use crate::store::{Root, Roots, digest_of};
use crate::tree::Tree;
use crate::{digest, environment, finish, node, packages};

/// Changes whenever the same image gives other files.
const LAYOUT: u32 = 2;
/// What to do about an image that skopeo cannot fetch.
const UNREACHABLE: &str = "check the name, the network and `skopeo login`; or leave `--base` out: then Debian packages \
    and the npm registry are enough";
/// Where an image tells its release.
const RELEASE: &str = "etc/os-release";
/// Where Node's headers tell its version.
const VERSION: &str = "usr/local/include/node/node_version.h";

/// An image that was fetched and unpacked.
#[derive(Debug)]
pub struct ImageRoot {
    /// The unpacked layers: what the image's programs see, with its users' rights dropped.
    pub root: Root,
    /// The image itself: a runtime image takes its layers from there.
    pub image: StoredImage,
    /// Debian's release of the image, such as `trixie`.
    pub release: String,
}

impl Roots<'_> {
    /// The root file system of an image: one in files, as [`ImageSource`] has it, or a name in a registry, which
    /// is fetched by skopeo when it is not there yet, or `refresh` asks for it.
    ///
    /// # Errors
    /// The image cannot be fetched or is damaged, is no Debian, or has no Node at `/usr/local/bin/node`.
    pub fn image(&self, base: &str, refresh: bool) -> Result<ImageRoot, EngineError> {
        let image = self.open(base, refresh)?;
        let digest = digest::sha256(format!("image {LAYOUT} {}", image.id).as_bytes());
        let path =
            self.made("image", &digest, |tree| lay(&image.layers, ImageTree::default(), tree.root()).map(drop))?;
        let release = release_of(base, &path)?;
        let node_version = node_version(base, &path, &image)?;
        Ok(ImageRoot { root: Root { path, digest, node_version }, image, release })
    }

    /// The builder for an image: the image, and over it the lock's packages that steps run with.
    ///
    /// # Errors
    /// The lock is for another release, or something cannot be fetched or unpacked.
    pub fn prepare_on(&self, image: &ImageRoot, lock: &RootLock) -> Result<Root, EngineError> {
        if lock.release != image.release {
            return Err(EngineError::Missing {
                what: "the image and the lock of its compilers are for different releases of Debian".to_owned(),
                details: vec![format!("found {} in the image, expected {}", image.release, lock.release)],
                hint: format!(
                    "name an image of {}, or run `cargo xtask base-image --update --release {}`",
                    lock.release, image.release
                ),
            });
        }
        let architecture = Architecture::of_host()?;
        let platform = lock.platform(architecture)?;
        let set = digest_of(lock, platform, RootSet::Builder, architecture, false);
        let digest = digest::sha256(format!("{} {set}", image.root.digest).as_bytes());
        let path = self.made("builder", &digest, |tree| {
            let packages = platform.packages_of(RootSet::Builder);
            let fetcher = self.fetcher()?;
            packages::fetch(&fetcher, self.mirrors, &packages)?;
            link_all(&image.root.path, tree, Path::new(""))?;
            packages::unpack(&fetcher, &packages, tree, RootSet::Builder)?;
            finish::complete(tree, RootSet::Builder)
        })?;
        Ok(Root { path, digest, node_version: image.root.node_version.clone() })
    }

    /// The image that a base names; one of a registry is fetched first.
    fn open(&self, base: &str, refresh: bool) -> Result<StoredImage, EngineError> {
        let source = ImageSource::parse(base);
        match StoredImage::open(&source).map_err(crate::image_error)? {
            Some(image) => Ok(image),
            None => StoredImage::in_folder(&self.fetched(base, refresh)?, None).map_err(crate::image_error),
        }
    }

    /// The layout of an image of a registry.
    fn fetched(&self, reference: &str, refresh: bool) -> Result<PathBuf, EngineError> {
        let images = self.shared.join("images");
        let folder = images.join(&digest::sha256(reference.as_bytes())[..16]);
        fs::create(&images)?;
        let _lock = fs::lock(&folder.with_extension("lock"), self.interrupt)?;
        if folder.join("index.json").is_file() && !refresh {
            return Ok(folder);
        }
        as_step(crate::STEP, self.reporter, || {
            let partial = folder.with_extension("partial");
            fs::remove(&partial)?;
            fs::create(&partial)?;
            let command = skopeo(reference, &partial, self.certificates()?.as_deref())?;
            let copied = command.stream(None, self.interrupt, |line| crate::say(self.reporter, line));
            copied.map_err(|error| crate::with_hint(error, UNREACHABLE))?;
            fs::replace(&partial, &folder)
        })?;
        Ok(folder)
    }
}

/// Fetches an image from a registry. Docker, too, asks a registry on this machine without TLS.
fn skopeo(base: &str, to: &Path, ca_file: Option<&Path>) -> Result<Invocation, EngineError> {
    let program = which::which("skopeo").map_err(|_| EngineError::Missing {
        what: "skopeo is missing".to_owned(),
        details: vec!["it fetches an image without a daemon (Debian: skopeo)".to_owned()],
        hint: "install it, or name the image as `--base oci-archive:FILE`".to_owned(),
    })?;
    let mut command = Invocation::new(program).args(["copy", "--quiet"]);
    if ["localhost:", "127.0.0.1:"].iter().any(|host| base.starts_with(host)) {
        command = command.arg("--src-tls-verify=false");
    }
    if let Some(file) = ca_file {
        command = command.env("SSL_CERT_FILE", file.as_os_str());
    }
    Ok(environment::with_proxies(command).arg(format!("docker://{base}")).arg(format!("oci:{}:base", to.display())))
}

fn release_of(base: &str, root: &Path) -> Result<String, EngineError> {
    let text = Tree::at(root).text(Path::new(RELEASE)).unwrap_or_default();
    let field = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        value.unwrap_or_default().trim_matches('"').to_owned()
    };
    let (id, release) = (field("ID"), field("VERSION_CODENAME"));
    if id == "debian" && !release.is_empty() {
        return Ok(release);
    }
    Err(EngineError::Missing {
        what: format!("the base image {base} is no Debian with a release"),
        details: vec![format!("found ID={id} VERSION_CODENAME={release} in {RELEASE}, expected ID=debian")],
        hint: "name a Debian image such as node:24-trixie-slim, or build with docker".to_owned(),
    })
}

fn node_version(base: &str, root: &Path, image: &StoredImage) -> Result<String, EngineError> {
    let missing = |found: &str| EngineError::Missing {
        what: format!("the base image {base} has no usable Node"),
        details: vec![found.to_owned()],
        hint: "name an image that has Node at /usr/local/bin/node, such as node:24-trixie-slim".to_owned(),
    };
    if Tree::at(root).find(Path::new(node::PROGRAM)).is_err() {
        return Err(missing("found no file /usr/local/bin/node"));
    }
    let header = Tree::at(root).text(Path::new(VERSION)).ok().and_then(|text| node_version_of_header(&text));
    let variable =
        || image.config.config.env.iter().find_map(|text| text.strip_prefix("NODE_VERSION=").map(str::to_owned));
    let found = header.or_else(variable);
    found.ok_or_else(|| missing(&format!("found its version neither in {VERSION} nor in NODE_VERSION")))
}

/// Links every file of a root into a new tree. A tree never writes into a file that is there.
pub(crate) fn link_all(from: &Path, tree: &Tree, path: &Path) -> Result<(), EngineError> {
    let copying = || EngineError::io(format!("copying {}", from.join(path).display()));
    for entry in std::fs::read_dir(from.join(path)).map_err(copying())? {
        let entry = entry.map_err(copying())?;
        let (kind, inside) = (entry.file_type().map_err(copying())?, path.join(entry.file_name()));
        if kind.is_dir() {
            let mode = entry.metadata().map_err(copying())?.permissions().mode();
            tree.folder(&inside, mode & 0o7777).map_err(copying())?;
            link_all(from, tree, &inside)?;
        } else {
            std::fs::hard_link(entry.path(), tree.root().join(&inside)).map_err(copying())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_the_headers() {
        let text = "#define NODE_MAJOR_VERSION 24\n#define NODE_MINOR_VERSION 21\n#define NODE_PATCH_VERSION 0\n";
        assert_eq!(node_version_of_header(text).as_deref(), Some("24.21.0"));
        assert_eq!(node_version_of_header("#define NODE_MAJOR_VERSION 24\n"), None);
    }
}
