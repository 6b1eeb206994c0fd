//! Where steps work.

use serde::Serialize;

/// The root file system that a work tree's commands run over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Root {
    /// The one with compilers and Yarn.
    Builder,
    /// The one that the image stands on.
    Image,
}

/// Yarn as a package of the npm registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct YarnPackage {
    /// Name and exact version.
    pub package: String,
    /// `algorithm.digest` of the release, as `packageManager` names it.
    pub hash: Option<String>,
}

/// Where a step works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Place {
    /// In the root file system that other steps run over: these packages of Debian and this Yarn are added to it.
    BuilderRoot {
        /// Debian packages.
        packages: Vec<String>,
        /// Yarn, where the repository holds no release.
        yarn: Option<YarnPackage>,
    },
    /// In the root file system that the image stands on: these packages of Debian are added to it.
    ImageRoot {
        /// Debian packages.
        packages: Vec<String>,
    },
    /// In a work tree of its own.
    WorkTree {
        /// Where its commands see it.
        at: String,
        /// What they run over.
        over: Root,
        /// Debian packages that are there while they run, and not in what the step leaves.
        packages: Vec<String>,
    },
    /// In the image.
    Image,
}
