//! Package roles (`@backstage/cli-node`, `PackageRoles`).

use serde::Serialize;

/// The roles that decide what is built and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// An app, built by the bundler.
    Frontend,
    /// A container for dynamic frontend plugins, built by the bundler.
    FrontendDynamicContainer,
    /// A backend, built into the two archives.
    Backend,
    /// Any other role: a library, plugin or command line tool.
    Library,
}

impl Role {
    /// The role of this name, or `None` for one the Backstage CLI does not know.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "frontend" => Self::Frontend,
            "frontend-dynamic-container" => Self::FrontendDynamicContainer,
            "backend" => Self::Backend,
            "cli"
            | "cli-module"
            | "web-library"
            | "node-library"
            | "common-library"
            | "frontend-plugin"
            | "frontend-plugin-module"
            | "backend-plugin"
            | "backend-plugin-module" => Self::Library,
            _ => return None,
        })
    }

    /// Whether the CLI builds it with the bundler, apart from the packages around it.
    pub fn is_bundled_by_the_cli(self) -> bool {
        matches!(self, Self::Frontend | Self::FrontendDynamicContainer)
    }
}
