//! How people name images: the forms of skopeo, and names in an engine or a registry.

use std::fmt;
use std::path::{Path, PathBuf};

/// What kind of files an image is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageForm {
    /// `oci:`, a folder with an OCI image layout.
    Folder,
    /// `oci-archive:`, the same in a tar archive.
    OciArchive,
    /// `docker-archive:`, as `docker save` writes it.
    DockerArchive,
}

impl ImageForm {
    /// Its name, without the colon.
    pub fn name(self) -> &'static str {
        match self {
            Self::Folder => "oci",
            Self::OciArchive => "oci-archive",
            Self::DockerArchive => "docker-archive",
        }
    }

    /// The form that a text begins with, and what comes behind it.
    pub fn split(text: &str) -> Option<(Self, &str)> {
        let (name, place) = text.split_once(':')?;
        let forms = [Self::Folder, Self::OciArchive, Self::DockerArchive];
        Some((forms.into_iter().find(|form| form.name() == name)?, place))
    }
}

/// A place that an image can be read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSource {
    /// `oci:DIR` or `oci:DIR:NAME`, an OCI image layout.
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Which of its images.
        name: Option<String>,
    },
    /// `oci-archive:FILE`, a tar of an OCI image layout.
    OciArchive(PathBuf),
    /// `docker-archive:FILE`, as `docker save` writes it.
    DockerArchive(PathBuf),
    /// A name in an engine or a registry.
    Reference(String),
}

impl ImageSource {
    /// The place that a text names; whether there is an image is found out when it is opened.
    pub fn parse(text: &str) -> Self {
        match ImageForm::split(text) {
            Some((ImageForm::Folder, place)) => folder(place),
            Some((ImageForm::OciArchive, file)) => Self::OciArchive(file.into()),
            Some((ImageForm::DockerArchive, file)) => Self::DockerArchive(file.into()),
            None => Self::Reference(text.to_owned()),
        }
    }

    /// The folder or the archive; nothing for a name.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Folder { folder: path, .. } | Self::OciArchive(path) | Self::DockerArchive(path) => Some(path),
            Self::Reference(_) => None,
        }
    }
}

/// As it is written on a command line.
impl fmt::Display for ImageSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder { folder, name: None } => write!(out, "oci:{}", folder.display()),
            Self::Folder { folder, name: Some(name) } => write!(out, "oci:{}:{name}", folder.display()),
            Self::OciArchive(file) => write!(out, "oci-archive:{}", file.display()),
            Self::DockerArchive(file) => write!(out, "docker-archive:{}", file.display()),
            Self::Reference(name) => out.write_str(name),
        }
    }
}

/// A folder, and the name behind it: both may have colons. The longest folder that is there wins, so that every
/// folder can be named; the image of a shorter one can be reached by giving the longer one another name. Where
/// there is none, the text up to its first colon is what is missing.
fn folder(place: &str) -> ImageSource {
    let mut ends = place.match_indices(':').map(|(at, _)| at).chain([place.len()]);
    let existing = ends.clone().rev().find(|end| Path::new(&place[..*end]).is_dir());
    let end = existing.or_else(|| ends.next()).unwrap_or(place.len());
    let name = place.get(end + 1..).filter(|name| !name.is_empty()).map(str::to_owned);
    ImageSource::Folder { folder: place[..end].into(), name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_folder_wins() {
        let scratch = tempfile::tempdir().unwrap();
        for name in ["a", "a:b"] {
            std::fs::create_dir(scratch.path().join(name)).unwrap();
        }
        let place = |name: &str| scratch.path().join(name);
        let parsed = |text: &str| ImageSource::parse(&format!("oci:{}", place(text).display()));
        let expected = |folder: &str, name: Option<&str>| ImageSource::Folder {
            folder: place(folder),
            name: name.map(str::to_owned),
        };
        assert_eq!(parsed("a"), expected("a", None));
        assert_eq!(parsed("a:"), expected("a", None));
        assert_eq!(parsed("a:b"), expected("a:b", None));
        assert_eq!(parsed("a:b:c"), expected("a:b", Some("c")));
        assert_eq!(parsed("a:x:1"), expected("a", Some("x:1")));
        assert_eq!(parsed("none:x:1"), expected("none", Some("x:1")));
        assert_eq!(parsed("a:b:c").to_string(), format!("oci:{}:c", place("a:b").display()));
    }

    #[test]
    fn every_form_is_written_as_it_is_read() {
        for text in ["oci:/no/such", "oci-archive:a.tar", "docker-archive:a:b.tar", "host:5000/team/app:1", "app"] {
            assert_eq!(ImageSource::parse(text).to_string(), text);
        }
        assert_eq!(ImageSource::parse("docker-archive:a:b.tar").path(), Some(Path::new("a:b.tar")));
        assert_eq!(ImageSource::parse("host:5000/a"), ImageSource::Reference("host:5000/a".to_owned()));
    }
}
