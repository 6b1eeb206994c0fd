//! The command lines of the Docker engine, as values.

use std::ffi::OsString;
use std::path::Path;

use process::{Invocation, Redactor, Secret, SecretSource};

use crate::docker::client::{Builder, Target};

/// One `docker build`.
#[derive(Debug, Clone)]
pub struct BuildCommand<'a> {
    /// The docker client, for the integrated builder.
    pub client: &'a Path,
    /// What builds.
    pub builder: &'a Builder,
    /// Root of the build context.
    pub context: &'a Path,
    /// The Dockerfile; its ignore file lies beside it.
    pub dockerfile: &'a Path,
    /// What to make.
    pub target: &'a Target,
    /// Secrets, by reference.
    pub secrets: &'a [Secret],
    /// Do not use earlier results.
    pub no_cache: bool,
}

impl From<&BuildCommand<'_>> for Invocation {
    fn from(build: &BuildCommand<'_>) -> Self {
        let command = match build.builder {
            Builder::Buildx { plugin, builder } => {
                // Run as a program of its own: killed as a plugin of `docker`, it would live on.
                let command = Self::new(plugin).arg("build").env("BUILDX_NO_DEFAULT_ATTESTATIONS", "1");
                match builder {
                    Some(name) => command.args(["--builder", name]),
                    None => command,
                }
            }
            Builder::Integrated => Self::new(build.client).arg("build").env("DOCKER_BUILDKIT", "1"),
        };
        let command = command.args(["--progress", "plain"]).arg("--file").arg(build.dockerfile);
        let command = if build.no_cache { command.arg("--no-cache") } else { command };
        let command =
            build.secrets.iter().fold(command, |command, secret| command.arg("--secret").arg(secret_argument(secret)));
        let command = match build.target {
            Target::Image { id_file } => {
                let command = command.arg("--iidfile").arg(id_file);
                match build.builder {
                    Builder::Buildx { .. } => command.arg("--load"),
                    Builder::Integrated => command,
                }
            }
            Target::Artifacts { folder } => {
                let mut output = OsString::from("type=local,dest=");
                output.push(folder);
                command.args(["--target", "artifacts"]).arg("--output").arg(output)
            }
        };
        command.arg(build.context).hiding(Redactor::of(build.secrets))
    }
}

fn secret_argument(secret: &Secret) -> OsString {
    let mut argument = OsString::from(format!("id={},", secret.id));
    match &secret.source {
        SecretSource::File(path) => {
            argument.push("src=");
            argument.push(path);
        }
        SecretSource::Variable(name) => {
            argument.push("env=");
            argument.push(name);
        }
    }
    argument
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build<'a>(builder: &'a Builder, target: &'a Target, secrets: &'a [Secret]) -> BuildCommand<'a> {
        BuildCommand {
            client: Path::new("/usr/bin/docker"),
            builder,
            context: Path::new("/repo"),
            dockerfile: Path::new("/state/Dockerfile"),
            target,
            secrets,
            no_cache: false,
        }
    }

    #[test]
    fn buildx_loads_the_image_and_writes_its_id() {
        let builder = Builder::Buildx { plugin: "/plugins/docker-buildx".into(), builder: Some("remote".to_owned()) };
        let target = Target::Image { id_file: "/state/id".into() };
        let command = Invocation::from(&build(&builder, &target, &[]));
        assert_eq!(
            command.to_string(),
            "/plugins/docker-buildx build --builder remote --progress plain --file /state/Dockerfile --iidfile /state/id --load /repo"
        );
    }

    #[test]
    fn an_old_client_builds_by_itself() {
        let target = Target::Artifacts { folder: "/out".into() };
        let command = Invocation::from(&build(&Builder::Integrated, &target, &[]));
        assert_eq!(
            command.to_string(),
            "/usr/bin/docker build --progress plain --file /state/Dockerfile --target artifacts --output type=local,dest=/out /repo"
        );
        assert_eq!(command.environment, [("DOCKER_BUILDKIT".to_owned(), "1".into())]);
    }

    #[test]
    fn secrets_go_by_reference_never_by_value() {
        let secrets = [
            Secret { id: "ca".to_owned(), source: SecretSource::File("/ca.pem".into()) },
            Secret { id: "NPM_TOKEN".to_owned(), source: SecretSource::Variable("NPM_TOKEN".to_owned()) },
        ];
        let target = Target::Image { id_file: "/id".into() };
        let command = Invocation::from(&build(&Builder::Integrated, &target, &secrets)).to_string();
        assert!(command.contains("--secret id=ca,src=/ca.pem --secret id=NPM_TOKEN,env=NPM_TOKEN"), "{command}");
    }
}
