//! The archive of the production workspace, and how to get its content without packing it.

use serde::Serialize;

use crate::action::Action;

/// The folder that commands fill besides their work tree.
pub const OUT: &str = "/out";

/// The build of one package that goes into the production workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackageBuild {
    /// Folder of the package.
    pub folder: String,
    /// Leaves `dist` in the package's folder.
    pub action: Action,
}

/// Commands whose result is the content of `bundle.tar.gz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DistWorkspace {
    /// The packages that are not bundled; in any order, since none reads another's output.
    pub builds: Vec<PackageBuild>,
    /// Folders of the bundled packages, whose output is handed in.
    pub bundles: Vec<String>,
    /// Packs all of them into the folder [`OUT`], which must be empty.
    pub pack: Action,
}

/// The archive that a step writes, and how to get its content without writing it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Archive {
    /// The file, relative to the work tree.
    pub file: String,
    /// Manifests in it.
    pub manifests: Vec<String>,
    /// Commands whose result is its content: a backend that writes archives itself saves the packing.
    pub direct: Option<DistWorkspace>,
}
