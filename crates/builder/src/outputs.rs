//! Where the archives and an image go once they are verified.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use containers::{
    Engine,
    docker::{self, Docker},
};
use diagnostics::WrongUsage;
use image::{
    DockerArchive, ImageForm, ImageSource, Layout, Referrer, export_docker_archive, export_oci_archive,
    export_oci_folder,
};
use process::{EngineError, Interrupt, Invocation};

use crate::archives;
use crate::console::Console;
use crate::push::{Push, skopeo};
use crate::settings::BuildSettings;

/// One place that an image is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// `oci:DIR`, an OCI image layout.
    Folder(PathBuf),
    /// `oci-archive:FILE`, the same in a tar archive.
    OciArchive(PathBuf),
    /// `docker-archive:FILE`, as `docker save` writes it.
    DockerArchive(PathBuf),
}

impl Place {
    fn parse(text: &str) -> Result<Self> {
        match ImageForm::split(text).filter(|(_, path)| !path.is_empty()) {
            Some((ImageForm::Folder, path)) => Ok(Self::Folder(path.into())),
            Some((ImageForm::OciArchive, path)) => Ok(Self::OciArchive(path.into())),
            Some((ImageForm::DockerArchive, path)) => Ok(Self::DockerArchive(path.into())),
            None => {
                let text = format!("--output {text}: expected oci:DIR, oci-archive:FILE or docker-archive:FILE");
                Err(WrongUsage::new(text).into())
            }
        }
    }
}

/// Puts what was built where it belongs, once it is verified.
pub(crate) trait Publisher {
    /// Moves the archives into their folder.
    fn archives(&self, incoming: &Path, folder: &Path) -> Result<()>;

    /// Writes the named image of a layout, and documents about it, to every place; gives a line for each.
    fn image(&self, layout: &Layout, referrers: &[Referrer], scratch: &Path) -> Result<Vec<String>>;
}

/// Everything that was asked for, checked before the long build.
pub(crate) struct Outputs<'a> {
    tag: &'a str,
    console: &'a dyn Console,
    interrupt: &'a Interrupt,
    places: Vec<Place>,
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
                hint: "fix one of the two, or write the image to a file with `--output docker-archive:FILE`".to_owned(),
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

impl<'a> Outputs<'a> {
    /// Reads the settings, and finds the programs they take.
    pub(crate) fn plan(
        settings: &'a BuildSettings,
        console: &'a dyn Console,
        interrupt: &'a Interrupt,
    ) -> Result<Self> {
        let outputs = &settings.outputs;
        let places = outputs.places.iter().map(|text| Place::parse(text)).collect::<Result<_>>()?;
        let push = outputs.push.clone().map(|reference| anyhow::Ok((skopeo("--push")?, reference))).transpose()?;
        let load = if outputs.load { Some(Store::find()?) } else { None };
        Ok(Self { tag: &settings.tag, console, interrupt, places, push, load })
    }
}

impl Publisher for Outputs<'_> {
    fn archives(&self, incoming: &Path, folder: &Path) -> Result<()> {
        archives::publish(incoming, folder)
    }

    fn image(&self, layout: &Layout, referrers: &[Referrer], scratch: &Path) -> Result<Vec<String>> {
        let Self { tag, console, interrupt, .. } = self;
        let mut written = Vec::new();
        for place in &self.places {
            written.push(write(place, layout, tag, !referrers.is_empty())?);
        }
        if let Some(store) = &self.load {
            load(store, layout, tag, scratch, interrupt)?;
            written.push((*tag).to_owned());
        }
        if let Some((skopeo, reference)) = &self.push {
            console.line(&format!("pushing {reference}"));
            let push = Push { skopeo, reference, scratch, interrupt };
            written.push(push.image(layout, tag)?);
            push.referrers(layout, tag, referrers)?;
        }
        Ok(written)
    }
}

/// Writes the image to one place. An archive with documents about it is named with the image's name: others ask which
/// of several manifests they shall take.
fn write(place: &Place, layout: &Layout, tag: &str, is_attested: bool) -> Result<String> {
    Ok(match place {
        Place::Folder(folder) => {
            export_oci_folder(layout, tag, folder)?;
            format!("oci:{}:{tag}", folder.display())
        }
        Place::OciArchive(file) => {
            export_oci_archive(layout, tag, &[tag], file)?;
            let name = if is_attested { format!(":{tag}") } else { String::new() };
            format!("oci-archive:{}{name}", file.display())
        }
        Place::DockerArchive(file) => {
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
        assert_eq!(Place::parse("oci:a/b").unwrap(), Place::Folder("a/b".into()));
        assert_eq!(Place::parse("docker-archive:x.tar").unwrap(), Place::DockerArchive("x.tar".into()));
        let error = Place::parse("tar:x").unwrap_err().to_string();
        assert_eq!(error, "--output tar:x: expected oci:DIR, oci-archive:FILE or docker-archive:FILE");
        assert!(Place::parse("oci:").is_err());
    }
}
