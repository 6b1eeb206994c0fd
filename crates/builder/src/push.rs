//! An image, and documents about it, into a registry, by skopeo and its logins.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use image::{Layout, Referrer, referrers_index};
use process::{EngineError, Interrupt, Invocation};

/// What a folder must say so that skopeo reads it by its transport `dir:`.
const DIRECTORY: &str = "Directory Transport Version: 1.1\n";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Finds skopeo, which `option` needs.
pub(crate) fn skopeo(option: &str) -> Result<PathBuf, EngineError> {
    which::which("skopeo").map_err(|_| EngineError::Missing {
        what: format!("{option} needs skopeo, which is not on the PATH"),
        details: Vec::new(),
        hint: "install it (Debian, Ubuntu and Fedora: the package skopeo)".to_owned(),
    })
}

/// Where an image goes, and what takes it there.
pub(crate) struct Push<'a> {
    pub(crate) skopeo: &'a Path,
    pub(crate) reference: &'a str,
    pub(crate) scratch: &'a Path,
    pub(crate) interrupt: &'a Interrupt,
}

impl Push<'_> {
    /// Pushes the image, and gives the reference by digest.
    pub(crate) fn image(&self, layout: &Layout, tag: &str) -> Result<String> {
        let digest_file = self.scratch.join("digest");
        let line = self.copy().arg("--digestfile").arg(&digest_file);
        let line = line.arg(format!("oci:{}:{tag}", layout.folder().display()));
        line.arg(format!("docker://{}", self.reference)).stream(None, self.interrupt, |_| {})?;
        let digest = std::fs::read_to_string(&digest_file).context("reading the pushed image's digest")?;
        Ok(format!("{}@{}", self.name(), digest.trim()))
    }

    /// Pushes documents about it. A registry that does not list them by itself gets a tag that does (OCI distribution
    /// specification 1.1, "Referrers Tag Schema").
    pub(crate) fn referrers(&self, layout: &Layout, tag: &str, referrers: &[Referrer]) -> Result<()> {
        if referrers.is_empty() {
            return Ok(());
        }
        for referrer in referrers {
            let files = referrer.blobs.iter().map(|blob| (blob.digest.hex(), layout.blob(&blob.digest)));
            let manifest = std::fs::read(layout.blob(&referrer.manifest.digest)).context("reading a manifest")?;
            let folder = self.folder(&manifest, files)?;
            let target = format!("docker://{}@{}", self.name(), referrer.manifest.digest);
            let line = self.copy().arg("--preserve-digests").arg(dir(&folder)).arg(target);
            line.stream(None, self.interrupt, |_| {}).context("pushing a document about the image")?;
        }
        let image = layout.image(tag)?.manifest.digest;
        if self.answers(&format!("referrers/{image}")) {
            return Ok(());
        }
        self.list(&image.as_str().replace(':', "-"), referrers)
    }

    /// Writes the index of referrers under a tag, with what is listed there already.
    fn list(&self, tag: &str, referrers: &[Referrer]) -> Result<()> {
        let target = format!("docker://{}:{tag}", self.name());
        let known = self.with_tls(Invocation::new(self.skopeo).args(["inspect", "--raw"]), "--tls-verify=false");
        let known = match known.arg(&target).read() {
            Ok(known) => Some(known),
            Err(error) if is_absent(&error) => None,
            Err(error) => return Err(error).context("looking for documents that the registry has about the image"),
        };
        let index = referrers_index(referrers, known.as_deref().map(str::as_bytes))
            .with_context(|| format!("{target}: found no index of referrers under the tag that is for it"))?;
        let folder = self.folder(&index, std::iter::empty())?;
        // skopeo 1.9 writes an index anew, without what each document is: curl keeps it, where it may write.
        if self.put(tag, &folder.join("manifest.json")) {
            return Ok(());
        }
        let line = self.copy().args(["--multi-arch", "index-only"]).arg(dir(&folder)).arg(target);
        line.stream(None, self.interrupt, |_| {}).context("pushing the list of documents about the image")?;
        Ok(())
    }

    fn copy(&self) -> Invocation {
        self.with_tls(Invocation::new(self.skopeo).args(["copy", "--quiet"]), "--dest-tls-verify=false")
    }

    /// As Docker does: a registry on this very machine needs no certificate.
    fn with_tls(&self, line: Invocation, option: &str) -> Invocation {
        if is_loopback(self.reference) { line.arg(option) } else { line }
    }

    fn name(&self) -> &str {
        without_tag(self.reference)
    }

    /// A folder that skopeo reads as an image.
    fn folder<'b>(&self, manifest: &[u8], files: impl Iterator<Item = (&'b str, PathBuf)>) -> Result<PathBuf> {
        let folder = self.scratch.join("referrer");
        process::remove_tree(&folder).context("making a folder in the state folder")?;
        std::fs::create_dir(&folder).context("making a folder in the state folder")?;
        for (name, file) in files {
            std::fs::copy(&file, folder.join(name)).with_context(|| format!("copying {}", file.display()))?;
        }
        std::fs::write(folder.join("manifest.json"), manifest).context("writing a manifest")?;
        std::fs::write(folder.join("version"), DIRECTORY).context("writing a manifest")?;
        Ok(folder)
    }

    /// Whether the registry answers a request that needs no login.
    fn answers(&self, path: &str) -> bool {
        self.request(path, |line| line)
    }

    fn put(&self, tag: &str, index: &Path) -> bool {
        self.request(&format!("manifests/{tag}"), |line| {
            let header = format!("Content-Type: {INDEX}");
            line.args(["--request", "PUT", "--header"])
                .arg(header)
                .arg("--data-binary")
                .arg(format!("@{}", index.display()))
        })
    }

    fn request(&self, path: &str, with: impl FnOnce(Invocation) -> Invocation) -> bool {
        let Some((host, repository)) = self.name().split_once('/') else { return false };
        let scheme = if is_loopback(host) { "http" } else { "https" };
        let line = Invocation::new("curl").args(["--silent", "--fail", "--max-time", "30", "--output", "/dev/null"]);
        with(line).arg(format!("{scheme}://{host}/v2/{repository}/{path}")).read().is_ok()
    }
}

/// Whether a registry said that it has no such tag.
fn is_absent(error: &EngineError) -> bool {
    let text = error.to_string().to_lowercase();
    ["manifest unknown", "name unknown", "404"].iter().any(|words| text.contains(words))
}

fn dir(folder: &Path) -> String {
    format!("dir:{}", folder.display())
}

/// Whether a registry is on this machine, where it commonly has no certificate.
pub(crate) fn is_loopback(reference: &str) -> bool {
    let host = reference.split('/').next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    host == "localhost" || host.starts_with("127.") || host == "[::1]"
}

fn without_tag(reference: &str) -> &str {
    let name = reference.rfind('/').map_or(0, |slash| slash + 1);
    reference[name..].find(':').map_or(reference, |colon| &reference[..name + colon])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lose_their_tag_and_nothing_else() {
        assert_eq!(without_tag("localhost:5000/team/app:1.0"), "localhost:5000/team/app");
        assert_eq!(without_tag("localhost:5000/app"), "localhost:5000/app");
        assert!(is_loopback("127.0.0.1:5000/app") && is_loopback("localhost/app") && !is_loopback("example.com/app"));
    }
}
