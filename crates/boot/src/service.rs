//! An image's command in a sandbox over its unpacked files, as a container engine would run it.

use std::ffi::OsString;
use std::path::Path;

use image::ContainerConfig;
use process::{EngineError, Redactor};
use sandbox::{Identity, Mount, Network, Sandbox, SandboxedCommand};

use crate::program::Program;

/// What the network needs of the host, where the image has a place for it.
const NETWORK_FILES: &[&str] = &["/etc/resolv.conf", "/etc/hosts"];

/// What keeps an image apart: its own user, no network, little memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confinement {
    /// Who it runs as.
    pub identity: Identity,
    /// What runs in place of the image's command, which it starts.
    pub argv: Vec<String>,
    /// Most bytes of memory, where the engine can see to it.
    pub memory: u64,
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
    /// How it is kept apart, when it is.
    pub confinement: Option<Confinement>,
}

/// Starts the command of the image that is unpacked at `root`: its files read-only, `/tmp` in memory, and, when
/// it is not confined, user and group 1000 and the host's network.
///
/// # Errors
/// The sandbox cannot be started.
pub fn start_image(
    sandbox: &dyn Sandbox,
    root: &Path,
    image: &ContainerConfig,
    service: &Service,
    log: &Path,
) -> Result<Program, EngineError> {
    let command = command(root, image, service);
    let line = sandbox.wrap(&command).hiding(Redactor::of_service(&service.secrets));
    Ok(Program::start("boot", &line, log)?.described(image.argv().join(" ")))
}

fn command(root: &Path, image: &ContainerConfig, service: &Service) -> SandboxedCommand {
    let pairs = image.env.iter().filter_map(|text| text.split_once('='));
    let own = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let confinement = service.confinement.as_ref();
    // What container engines set for a user that the image does not know.
    let home = confinement.map(|_| ("HOME".to_owned(), "/".to_owned()));
    let files: Vec<_> = if confinement.is_some() { Vec::new() } else { network_files(root).collect() };
    SandboxedCommand {
        root: root.to_owned(),
        mounts: files.into_iter().chain(service.mounts.iter().cloned()).collect(),
        environment: home.into_iter().chain(own).chain(service.environment.iter().cloned()).collect(),
        secrets: service.secrets.clone(),
        network: if confinement.is_some() { Network::None } else { Network::Host },
        identity: confinement.map(|confinement| confinement.identity).unwrap_or_default(),
        folder: if image.working_dir.is_empty() { "/".to_owned() } else { image.working_dir.clone() },
        argv: confinement.map_or_else(|| own_argv(image), |confinement| confinement.argv.clone()),
    }
}

fn own_argv(image: &ContainerConfig) -> Vec<String> {
    image.argv().into_iter().map(str::to_owned).collect()
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
    use sandbox::Bubblewrap;

    #[test]
    fn a_deployment_adds_to_what_the_image_says() {
        let image = ContainerConfig {
            env: vec!["NODE_ENV=production".to_owned(), "A=b=c".to_owned()],
            working_dir: "/app".to_owned(),
            cmd: vec!["node".to_owned(), "packages/backend".to_owned()],
            ..ContainerConfig::default()
        };
        let service = Service {
            environment: vec![("POSTGRES_PORT".to_owned(), "5432".to_owned())],
            secrets: vec![("POSTGRES_PASSWORD".to_owned(), "hush".into())],
            mounts: vec![Mount::read_only("/state/socket", "/run/postgresql")],
            confinement: None,
        };
        let line = Bubblewrap::at(Path::new("bwrap")).wrap(&command(Path::new("/no/root"), &image, &service));
        let text = line.to_string();
        assert!(!text.contains("hush") && !text.contains("--unshare-net"), "{text}");
        let end = "--ro-bind /state/socket /run/postgresql --clearenv --setenv NODE_ENV production --setenv A b=c \
            --setenv POSTGRES_PORT 5432 --args 0 --chdir /app -- node packages/backend";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn an_entry_point_comes_before_the_command() {
        let text = r#"{"Env": null, "WorkingDir": "/app", "Entrypoint": ["docker-entrypoint.sh"], "Cmd": ["node"],
            "ExposedPorts": {"53/udp": {}, "7007/tcp": {}}, "User": "node"}"#;
        let image: ContainerConfig = serde_json::from_str(text).unwrap();
        assert_eq!(image.argv(), ["docker-entrypoint.sh", "node"]);
        assert_eq!((image.port(), image.working_dir.as_str()), (Some(7007), "/app"));
    }

    #[test]
    fn a_confined_one_has_no_network_and_is_nobody() {
        let image = ContainerConfig {
            working_dir: "/app".to_owned(),
            cmd: vec!["node".to_owned()],
            ..ContainerConfig::default()
        };
        let identity = Identity { user: 30_000, group: 0 };
        let confinement = Confinement { identity, argv: vec!["supervisor".to_owned()], memory: 1 << 30 };
        let service = Service { confinement: Some(confinement), ..Service::default() };
        let line = Bubblewrap::at(Path::new("bwrap")).wrap(&command(Path::new("/"), &image, &service));
        let text = line.to_string();
        assert!(text.contains("--uid 30000 --gid 0") && text.contains("--unshare-net --ro-bind / /"), "{text}");
        assert!(text.ends_with("--clearenv --setenv HOME / --args 0 --chdir /app -- supervisor"), "{text}");
    }
}
