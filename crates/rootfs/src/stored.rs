//! An image in files, as it is named on a command line.

use std::path::{Path, PathBuf};

use image::ImageSettings;
use process::{EngineError, fs};

use crate::image_root::unpack_archive;
use crate::layout;

/// An image whose layers are files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredImage {
    /// The layers' archives, the lowest first, compared with their digests.
    pub layers: Vec<PathBuf>,
    /// How it runs.
    pub settings: ImageSettings,
}

/// Reads the image that `oci:DIR`, `oci:DIR:NAME`, `oci-archive:FILE` or `docker-archive:FILE` names; archives
/// are unpacked in `scratch`. Any other text gives nothing.
///
/// # Errors
/// There is no image for this machine, or it is damaged.
pub fn open_image(place: &str, scratch: &Path) -> Result<Option<StoredImage>, EngineError> {
    let Some((form, path)) = place.split_once(':') else { return Ok(None) };
    let (layout, name) = match form {
        "oci" => folder_and_name(path),
        "oci-archive" => (unpacked(path, &scratch.join("layout"))?, None),
        "docker-archive" => {
            let (archive, layout) = (unpacked(path, &scratch.join("archive"))?, scratch.join("layout"));
            layout::from_docker(&archive, &layout)?;
            (layout, None)
        }
        _ => return Ok(None),
    };
    let image = layout::read(&layout, name)?;
    let layers = image.layers.iter().map(|layer| layout::blob(&layout, layer)).collect::<Result<_, _>>()?;
    Ok(Some(StoredImage { layers, settings: image.settings }))
}

/// A folder may have a colon in its name, and so may an image.
fn folder_and_name(path: &str) -> (PathBuf, Option<&str>) {
    let colons = path.match_indices(':').map(|(at, _)| path.split_at(at));
    let named = colons.map(|(folder, name)| (folder, &name[1..])).find(|(folder, _)| Path::new(folder).is_dir());
    match named {
        Some((folder, name)) if !Path::new(path).is_dir() => (folder.into(), Some(name)),
        _ => (path.into(), None),
    }
}

fn unpacked(file: &str, to: &Path) -> Result<PathBuf, EngineError> {
    fs::empty(to)?;
    unpack_archive(Path::new(file), to)?;
    Ok(to.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_follows_its_folder() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("a:b");
        std::fs::create_dir(&folder).unwrap();
        let folder = folder.to_str().unwrap();
        assert_eq!(folder_and_name(folder), (folder.into(), None));
        assert_eq!(folder_and_name(&format!("{folder}:team/app:1.0")), (folder.into(), Some("team/app:1.0")));
        assert_eq!(folder_and_name("/no/such:1"), ("/no/such:1".into(), None));
    }

    #[test]
    fn other_names_are_no_files() {
        let scratch = tempfile::tempdir().unwrap();
        for name in ["backstage", "backstage:latest", "localhost:5000/backstage:1"] {
            assert_eq!(open_image(name, scratch.path()).unwrap(), None);
        }
        assert!(open_image("oci:/no/such", scratch.path()).unwrap_err().to_string().contains("no index.json"));
    }
}
