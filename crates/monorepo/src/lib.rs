//! Facts about a Backstage monorepo, read from its files and nothing else: no process is spawned,
//! nothing is written, nothing is printed.

mod agreement;
mod config_files;
mod deployable;
mod deployed_config;
mod facts;
mod flightcontrol_settings;
mod gitignores;
mod glob;
mod ignore_rules;
mod install_files;
mod install_manifest;
mod locate;
mod lockfile;
mod manifest;
mod never;
mod node_version;
mod role;
mod settings;
mod techdocs;
mod tree;
mod typescript;
mod variables;
mod walk;
mod workspaces;
mod yaml;
mod yarn_settings;

pub use config_files::{ConfigFiles, FLIGHTCONTROL_CONFIG, READINESS};
pub use deployable::{APP_BACKEND, APP_OPTION, Allowance};
pub use deployed_config::{
    ConfigSetting, ConfigVariable, DatabaseForm, DeployedConfig, has_config_value, is_local_url,
};
pub use facts::{BackendChoice, Monorepo};
pub use flightcontrol_settings::{DatabaseSsl, FlightcontrolSettings};
pub use glob::{Glob, GlobError};
pub use install_files::LIFECYCLE_SCRIPTS;
pub use install_manifest::{DEPENDENCY_MAPS, INSTALL_FIELDS, NOT_FOR_INSTALL, install_manifest, production_manifest};
pub use locate::Search;
pub use lockfile::{LOCKFILE, LockEntry, Lockfile, package_name};
pub use manifest::{Dependencies, Manifest};
pub use never::NEVER;
pub use node_version::NodeVersion;
pub use role::Role;
pub use settings::{RuntimeSettings, SETTINGS, Settings};
pub use techdocs::TechDocsSettings;
pub use tree::{ContentDigest, Tree, TreeFile};
pub use workspaces::{Workspace, Workspaces};
pub use yarn_settings::{YARNRC, YarnRelease, YarnSettings};
