//! Finding a docker that can build.
//!
//! Several clients can be on one PATH: a first one without the buildx plugin hides a second one that has
//! it. A client before 23 needs no plugin: its own `build` speaks BuildKit.

use std::path::{Path, PathBuf};

use process::{EngineError, Invocation, hint_for};
use serde::Deserialize;

use crate::docker::client::{Builder, Docker};

/// Plugin folders of the usual packages, for a client that looks elsewhere (`docker` CLI, `cli-plugins/manager`).
const PLUGIN_FOLDERS: [&str; 6] = [
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
    "/opt/homebrew/lib/docker/cli-plugins",
    "/Applications/Docker.app/Contents/Resources/cli-plugins",
];

/// The first client whose classic `build` no longer speaks BuildKit by itself.
const FIRST_CLIENT_WITHOUT_BUILDKIT: u32 = 23;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Info {
    client_info: Option<ClientInfo>,
    #[serde(default)]
    server_version: String,
    #[serde(default)]
    server_errors: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ClientInfo {
    #[serde(default)]
    version: String,
    #[serde(default)]
    plugins: Option<Vec<Plugin>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Plugin {
    name: String,
    #[serde(default)]
    path: String,
}

/// The first docker on the PATH that reaches a daemon and can build with BuildKit; `builder` names a
/// buildx builder, which needs the plugin.
///
/// # Errors
/// None works; the error says for each what it lacks.
pub fn find(builder: Option<&str>) -> Result<Docker, EngineError> {
    let mut programs: Vec<PathBuf> = which::which_all("docker").map(Iterator::collect).unwrap_or_default();
    programs.dedup_by_key(|path| path.canonicalize().unwrap_or_else(|_| path.clone()));
    find_among(&programs, &PLUGIN_FOLDERS.map(Path::new), builder)
}

/// [`find`] among these clients, which may use a plugin in these folders.
fn find_among(programs: &[PathBuf], plugin_folders: &[&Path], builder: Option<&str>) -> Result<Docker, EngineError> {
    let mut details = Vec::new();
    for program in programs {
        match examine(program, plugin_folders, builder) {
            Ok(docker) => return Ok(docker),
            Err(reason) => details.push(format!("{}: {reason}", program.display())),
        }
    }
    let known = hint_for(&details);
    let hint = match programs.is_empty() {
        true => "install Docker (Debian: docker.io and docker-buildx)",
        false => known.unwrap_or("install the buildx plugin (Debian: docker-buildx)"),
    };
    let what = if programs.is_empty() { "no docker on the PATH" } else { "no docker that can build with BuildKit" };
    Err(EngineError::Missing { what: what.to_owned(), details, hint: hint.to_owned() })
}

fn examine(program: &Path, plugin_folders: &[&Path], builder: Option<&str>) -> Result<Docker, String> {
    let output = Invocation::new(program).args(["info", "--format", "{{json .}}"]).env("LC_ALL", "C");
    // `docker info` prints what it knows of the client even when it fails for want of a daemon.
    let text = output.read_unchecked().map_err(|error| error.to_string())?;
    let info: Info = serde_json::from_str(&text).map_err(|_| first_line(&text))?;
    if info.server_version.is_empty() {
        let reason = info.server_errors.first().map_or("Cannot connect to the Docker daemon", String::as_str);
        return Err(format!("no daemon answers ({})", reason.trim()));
    }
    let client = info.client_info;
    let plugin = client
        .as_ref()
        .and_then(|client| client.plugins.as_ref())
        .and_then(|plugins| plugins.iter().find(|plugin| plugin.name == "buildx" && !plugin.path.is_empty()));
    let plugin = plugin.map(|plugin| PathBuf::from(&plugin.path)).or_else(|| installed_plugin(plugin_folders));
    let version = client_version(program, client.as_ref());
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok()).unwrap_or_default();
    let build = match (plugin, builder) {
        (Some(plugin), _) if answers(&plugin) => Builder::Buildx { plugin, builder: builder.map(str::to_owned) },
        (_, None) if major > 0 && major < FIRST_CLIENT_WITHOUT_BUILDKIT => Builder::Integrated,
        (_, Some(name)) => {
            return Err(format!("client {version} has no buildx plugin, which `--builder {name}` needs"));
        }
        _ => return Err(format!("client {version} has no buildx plugin")),
    };
    Ok(Docker { program: program.to_owned(), build, server_version: info.server_version })
}

/// Clients before 20.10 or so leave their version out of `docker info`.
fn client_version(program: &Path, info: Option<&ClientInfo>) -> String {
    match info {
        Some(client) if !client.version.is_empty() => client.version.clone(),
        _ => {
            let ask = Invocation::new(program).args(["version", "--format", "{{.Client.Version}}"]);
            ask.read_unchecked().unwrap_or_default()
        }
    }
}

/// A plugin that another package installed where this client does not look.
fn installed_plugin(folders: &[&Path]) -> Option<PathBuf> {
    folders.iter().map(|folder| folder.join("docker-buildx")).find(|path| path.is_file())
}

fn answers(plugin: &Path) -> bool {
    Invocation::new(plugin).arg("version").read().is_ok()
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or("it printed nothing").to_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A folder with programs that print a text each.
    struct Programs(tempfile::TempDir);

    impl Programs {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn add(&self, name: &str, prints: &str) -> PathBuf {
            let path = self.0.path().join(name);
            std::fs::write(&path, format!("#!/bin/sh\ncat <<'END'\n{prints}\nEND\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            path
        }

        /// A client of this version that knows of no plugin.
        fn client(&self, name: &str, version: &str) -> PathBuf {
            self.add(
                name,
                &format!(r#"{{"ClientInfo":{{"Version":"{version}","Plugins":[]}},"ServerVersion":"26.1.5"}}"#),
            )
        }
    }

    #[test]
    fn a_client_without_the_plugin_is_refused_and_the_plugin_named() {
        let programs = Programs::new();
        let docker = programs.client("docker", "26.1.5");
        let error = find_among(std::slice::from_ref(&docker), &[programs.0.path()], None).unwrap_err().to_string();
        let expected = format!(
            "no docker that can build with BuildKit\n  {}: client 26.1.5 has no buildx plugin\n  \
             hint: install the buildx plugin (Debian: docker-buildx)",
            docker.display()
        );
        assert_eq!(error, expected);
        let error = find_among(&[docker], &[], Some("cluster")).unwrap_err().to_string();
        assert!(error.contains("has no buildx plugin, which `--builder cluster` needs"), "{error}");
    }

    #[test]
    fn a_plugin_that_the_client_does_not_look_for_is_used_if_it_answers() {
        let programs = Programs::new();
        let docker = programs.client("docker", "26.1.5");
        let plugin = programs.add("docker-buildx", "buildx v0.13");
        let found = find_among(std::slice::from_ref(&docker), &[programs.0.path()], None).unwrap();
        assert!(matches!(found.build, Builder::Buildx { plugin: used, .. } if used == plugin));
        std::fs::write(&plugin, "#!/bin/false\n").unwrap();
        assert!(find_among(&[docker], &[programs.0.path()], None).is_err());
    }

    #[test]
    fn a_client_that_can_build_is_found_behind_one_that_cannot() {
        let programs = Programs::new();
        let clients = [programs.client("newer", "26.1.5"), programs.client("older", "20.10.24")];
        let found = find_among(&clients, &[], None).unwrap();
        assert_eq!(found.program, clients[1]);
        assert!(matches!(found.build, Builder::Integrated));
    }
}
