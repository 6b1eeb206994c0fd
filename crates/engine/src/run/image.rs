//! An image's command in a sandbox over its unpacked files, as a container engine would run it.

use std::ffi::OsString;
use std::path::Path;

use super::program::Program;
use crate::embedded::{Mount, Network, Sandbox, SandboxedCommand};
use crate::failure::EngineError;

/// What the network needs of the host, where the image has a place for it.
const NETWORK_FILES: &[&str] = &["/etc/resolv.conf", "/etc/hosts"];

/// How an image says that it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSettings {
    /// Environment as `NAME=value`.
    pub environment: Vec<String>,
    /// Working directory.
    pub folder: String,
    /// Program and arguments.
    pub argv: Vec<String>,
}

/// What a deployment adds to the image.
#[derive(Debug, Clone, Default)]
pub struct Service {
    /// Variables.
    pub environment: Vec<(String, String)>,
    /// Variables whose values are on no command line.
    pub secrets: Vec<(String, OsString)>,
    /// What it sees besides the image.
    pub mounts: Vec<Mount>,
}

/// Starts the command of the image that is unpacked at `root`: its files read-only, `/tmp` in memory, user
/// and group 1000, the host's network.
///
/// # Errors
/// The sandbox cannot be started.
pub fn start_image(
    sandbox: &dyn Sandbox,
    root: &Path,
    image: &ImageSettings,
    service: &Service,
    log: &Path,
) -> Result<Program, EngineError> {
    let command = command(root, image, service);
    Ok(Program::start("boot", &sandbox.wrap(&command), log)?.described(image.argv.join(" ")))
}

fn command(root: &Path, image: &ImageSettings, service: &Service) -> SandboxedCommand {
    let pairs = image.environment.iter().filter_map(|text| text.split_once('='));
    let own = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    SandboxedCommand {
        root: root.to_owned(),
        mounts: network_files(root).chain(service.mounts.iter().cloned()).collect(),
        environment: own.chain(service.environment.iter().cloned()).collect(),
        secrets: service.secrets.clone(),
        network: Network::Host,
        folder: if image.folder.is_empty() { "/".to_owned() } else { image.folder.clone() },
        argv: image.argv.clone(),
    }
}

fn network_files(root: &Path) -> impl Iterator<Item = Mount> {
    NETWORK_FILES.iter().filter_map(|path| {
        let place = root.join(path.trim_start_matches('/')).symlink_metadata().ok()?;
        // Often a link into /run, which the sandbox has not.
        let host = Path::new(path).canonicalize().ok()?;
        place.is_file().then(|| Mount::read_only(host, *path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::Bubblewrap;

    #[test]
    fn a_deployment_adds_to_what_the_image_says() {
        let image = ImageSettings {
            environment: vec!["NODE_ENV=production".to_owned(), "A=b=c".to_owned()],
            folder: "/app".to_owned(),
            argv: vec!["node".to_owned(), "packages/backend".to_owned()],
        };
        let service = Service {
            environment: vec![("POSTGRES_PORT".to_owned(), "5432".to_owned())],
            secrets: vec![("POSTGRES_PASSWORD".to_owned(), "hush".into())],
            mounts: vec![Mount::read_only("/state/socket", "/run/postgresql")],
        };
        let line = Bubblewrap::at(Path::new("bwrap")).wrap(&command(Path::new("/no/root"), &image, &service));
        let text = line.to_string();
        assert!(!text.contains("hush") && !text.contains("--unshare-net"), "{text}");
        let end = "--ro-bind /state/socket /run/postgresql --clearenv --setenv NODE_ENV production --setenv A b=c \
            --setenv POSTGRES_PORT 5432 --args 0 --chdir /app -- node packages/backend";
        assert!(text.ends_with(end), "{text}");
    }
}
