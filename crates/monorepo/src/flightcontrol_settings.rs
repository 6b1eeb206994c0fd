//! `[flightcontrol]` of `xtask.toml`.

use diagnostics::Problem;
use serde::Deserialize;

use crate::config_files::READINESS;
use crate::settings::SETTINGS;
use crate::tree::Tree;

/// How the backend is deployed by Flightcontrol. Sizes that are not set are written into a new file only, and are the
/// user's in one that is there.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FlightcontrolSettings {
    /// The `id` of the service.
    pub service: String,
    /// The variable that holds the connection string of the database.
    pub connection_variable: String,
    /// How far the database's certificate is trusted.
    pub ssl: DatabaseSsl,
    /// The CA of the database, a file of the repository; for `ssl = "verify"`.
    pub ca_file: String,
    /// The address that browsers use.
    pub base_url: Option<String>,
    /// Where the load balancer asks whether the backend is ready.
    pub health_check_path: String,
    /// AWS region of a new file.
    pub region: String,
    /// Branch that a new file deploys.
    pub branch: String,
    /// Virtual CPUs.
    pub cpu: Option<f64>,
    /// Memory in GB.
    pub memory: Option<f64>,
    /// Fewest instances.
    pub min_instances: Option<u32>,
    /// Most instances.
    pub max_instances: Option<u32>,
}

/// How far the database's certificate is trusted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseSsl {
    /// Encrypted, whoever answers.
    #[default]
    Require,
    /// Encrypted, and only by a server whose certificate the CA signed.
    Verify,
}

impl Default for FlightcontrolSettings {
    fn default() -> Self {
        Self {
            service: "backstage".to_owned(),
            connection_variable: "POSTGRES_CON_STRING".to_owned(),
            ssl: DatabaseSsl::default(),
            ca_file: "rds-global-bundle.pem".to_owned(),
            base_url: None,
            health_check_path: READINESS.to_owned(),
            region: "us-east-1".to_owned(),
            branch: "main".to_owned(),
            cpu: None,
            memory: None,
            min_instances: None,
            max_instances: None,
        }
    }
}

impl FlightcontrolSettings {
    /// Values that Flightcontrol's schema would refuse.
    pub(crate) fn require_sound(&self) -> Result<(), Problem> {
        let wrong = |key: &str, found: &str, expected: &str| {
            let next = format!("fix `{key}` of [flightcontrol]");
            Err(Problem::new(SETTINGS, format!("{key} = {found:?}"), expected, next))
        };
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if self.connection_variable.is_empty() || !self.connection_variable.chars().all(is_word) {
            return wrong("connection-variable", &self.connection_variable, "letters, digits and underscores");
        }
        if !self.health_check_path.starts_with('/') {
            return wrong("health-check-path", &self.health_check_path, "a path that begins with a slash");
        }
        Ok(())
    }

    /// The CA that a verified connection needs has to be in a clone.
    pub(crate) fn require_ca(&self, tree: &Tree) -> Result<(), Problem> {
        if self.ssl == DatabaseSsl::Require || tree.get(&self.ca_file).is_some() {
            return Ok(());
        }
        let next = format!(
            "download https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem as {} and commit it, or name \
             another file with `ca-file` of [flightcontrol]",
            self.ca_file
        );
        Err(Problem::new(
            SETTINGS,
            format!("ssl = \"verify\", and no file {:?}", self.ca_file),
            "the certificates of the database's CA in the repository",
            next,
        ))
    }
}
