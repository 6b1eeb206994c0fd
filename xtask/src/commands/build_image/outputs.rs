//! Where an image of the embedded engine goes once it is verified.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use containers::{
    Engine,
    docker::{self, Docker},
};
use image::{
    DockerArchive, ImageForm, ImageSource, Layout, Referrer, export_docker_archive, export_oci_archive,
    export_oci_folder,
};
use process::{EngineError, Interrupt, Invocation};

use super::push::{Push, skopeo};
use crate::exit::WrongUsage;
use crate::flags::EmbeddedFlags;
use crate::output::Printer;

/// One place that an image is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Output {
    /// `oci:DIR`, an OCI image layout.
    Folder(PathBuf),
    /// `oci-archive:FILE`, the same in a tar archive.
    OciArchive(PathBuf),
    /// `docker-archive:FILE`, as `docker save` writes it.
    DockerArchive(PathBuf),
}

impl Output {
    fn parse(text: &str) -> Result<Self> {
        match ImageForm::split(text).filter(|(_, path)| !path.is_empty()) {
            Some((ImageForm::Folder, path)) => Ok(Self::Folder(path.into())),
            Some((ImageForm::OciArchive, path)) => Ok(Self::OciArchive(path.into())),
            Some((ImageForm::DockerArchive, path)) => Ok(Self::DockerArchive(path.into())),
            None => {
                Err(WrongUsage(format!("--output {text}: expected oci:DIR, oci-archive:FILE or docker-archive:FILE"))
                    .into())
            }
        }
    }
}

/// Everything that was asked for, checked before the long build.
pub(super) struct Outputs {
    places: Vec<Output>,
    push: Option<(PathBuf, String)>,
    load: Option<Store>,
}

/// A program that keeps images.
enum Store {
    Docker(Docker),
    Podman(PathBuf),
}

impl Store {
    /// Docker where it answers, else Podman.
    fn find() -> Result<Self> {
        let no_docker = match docker::find(None) {
            Ok(docker) => return Ok(Self::Docker(docker)),
            Err(error) => error,
        };
        match which::which("podman") {
            Ok(program) => Ok(Self::Podman(program)),
            Err(_) => Err(EngineError::Missing {
                what: "--load found neither Docker nor Podman".to_owned(),
                details: vec![format!("docker: {no_docker}"), "podman: not on the PATH".to_owned()],
                hint: "mend one of the two, or write the image to a file with `--output docker-archive:FILE`"
                    .to_owned(),
            }
            .into()),
        }
    }

    /// Digests of the layers of the image with this name there, uncompressed.
    fn layers(&self, tag: &str) -> Result<Vec<String>> {
        match self {
            Self::Docker(docker) => Ok(docker.inspect(tag)?.map(|image| image.layers).unwrap_or_default()),
            // It wants every layer in the archive.
            Self::Podman(_) => Ok(Vec::new()),
        }
    }

    fn load(&self, archive: PathBuf, scratch: &Path, interrupt: &Interrupt) -> Result<()> {
        match self {
            Self::Docker(docker) => docker.load(&ImageSource::DockerArchive(archive), scratch).map(drop)?,
            Self::Podman(program) => {
                let line = Invocation::new(program).args(["load", "--quiet", "--input"]).arg(archive);
                line.stream(None, interrupt, |_| {}).map(drop)?;
            }
        }
        Ok(())
    }
}

impl Outputs {
    /// Reads the flags, and finds the programs they take.
    pub(super) fn plan(flags: &EmbeddedFlags) -> Result<Self> {
        let places = flags.output.iter().map(|text| Output::parse(text)).collect::<Result<_>>()?;
        let push = flags.push.clone().map(|reference| anyhow::Ok((skopeo()?, reference))).transpose()?;
        let load = if flags.load { Some(Store::find()?) } else { None };
        Ok(Self { places, push, load })
    }

    /// Writes the image `tag` of the layout to every place; gives a line for each, for standard output.
    pub(super) fn write(
        &self,
        layout: &Layout,
        tag: &str,
        referrers: &[Referrer],
        scratch: &Path,
        printer: &Printer,
        interrupt: &Interrupt,
    ) -> Result<Vec<String>> {
        let mut written = Vec::new();
        for place in &self.places {
            written.push(write(place, layout, tag, !referrers.is_empty())?);
        }
        if let Some(store) = &self.load {
            load(store, layout, tag, scratch, interrupt)?;
            written.push(tag.to_owned());
        }
        if let Some((skopeo, reference)) = &self.push {
            printer.say(&format!("pushing {reference}"));
            let push = Push { skopeo, reference, scratch, interrupt };
            written.push(push.image(layout, tag)?);
            push.referrers(layout, tag, referrers)?;
        }
        if written.is_empty() {
            written.push(format!("oci:{}:{tag}", layout.folder().display()));
        }
        Ok(written)
    }
}

/// Writes the image to one place. An archive with documents about it is named with the image's name: others ask which
/// of several manifests they shall take.
fn write(place: &Output, layout: &Layout, tag: &str, is_attested: bool) -> Result<String> {
    Ok(match place {
        Output::Folder(folder) => {
            export_oci_folder(layout, tag, folder)?;
            format!("oci:{}:{tag}", folder.display())
        }
        Output::OciArchive(file) => {
            export_oci_archive(layout, tag, &[tag], file)?;
            let name = if is_attested { format!(":{tag}") } else { String::new() };
            format!("oci-archive:{}{name}", file.display())
        }
        Output::DockerArchive(file) => {
            let archive = DockerArchive { reference: tag, tags: &[tag], includes: &|_| true };
            export_docker_archive(layout, &archive, file)?;
            format!("docker-archive:{}", file.display())
        }
    })
}

/// Hands the image to a store: first only the layers that the image of this name there lacks.
fn load(store: &Store, layout: &Layout, tag: &str, scratch: &Path, interrupt: &Interrupt) -> Result<()> {
    let known = store.layers(tag)?;
    let file = scratch.join("image.tar");
    let send = |includes: &dyn Fn(&image::Layer) -> bool| -> Result<()> {
        export_docker_archive(layout, &DockerArchive { reference: tag, tags: &[tag], includes }, &file)?;
        store.load(file.clone(), scratch, interrupt)
    };
    if !known.is_empty() {
        let is_new = |layer: &image::Layer| !known.iter().any(|digest| digest == layer.diff_id.as_str());
        if send(&is_new).is_ok() {
            return Ok(());
        }
    }
    send(&|_| true).context("loading the image")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_a_form_and_a_place() {
        assert_eq!(Output::parse("oci:a/b").unwrap(), Output::Folder("a/b".into()));
        assert_eq!(Output::parse("docker-archive:x.tar").unwrap(), Output::DockerArchive("x.tar".into()));
        let error = Output::parse("tar:x").unwrap_err().to_string();
        assert_eq!(error, "--output tar:x: expected oci:DIR, oci-archive:FILE or docker-archive:FILE");
        assert!(Output::parse("oci:").is_err());
    }
}
