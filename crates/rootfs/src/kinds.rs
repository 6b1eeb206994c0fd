//! For which machines root file systems are made, and which there are.

use serde::{Deserialize, Serialize};

use process::EngineError;

/// A kind of processor, in Debian's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// 64-bit x86.
    Amd64,
    /// 64-bit ARM.
    Arm64,
}

impl Architecture {
    /// All that root file systems can be made for.
    pub const ALL: [Self; 2] = [Self::Amd64, Self::Arm64];

    /// This machine's.
    ///
    /// # Errors
    /// There are no packages of Node for it.
    pub fn of_host() -> Result<Self, EngineError> {
        match std::env::consts::ARCH {
            "x86_64" => Ok(Self::Amd64),
            "aarch64" => Ok(Self::Arm64),
            other => Err(EngineError::Missing {
                what: format!("no root file system for the architecture {other}"),
                details: vec!["expected x86_64 or aarch64".to_owned()],
                hint: "build with docker on this machine".to_owned(),
            }),
        }
    }

    /// Debian's word for it.
    pub fn debian(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// Node's word for it.
    pub(crate) fn node(self) -> &'static str {
        match self {
            Self::Amd64 => "x64",
            Self::Arm64 => "arm64",
        }
    }
}

/// Which root file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RootSet {
    /// What steps run in: compilers, Python, git, Node with its headers and npm.
    Builder,
    /// What an image needs to run Node, and nothing else: no shell.
    Minimal,
    /// A small Debian with a shell, Node and npm.
    Slim,
}

impl RootSet {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Builder, Self::Minimal, Self::Slim];

    /// Its name, as in the lock.
    pub fn name(self) -> &'static str {
        match self {
            Self::Builder => "builder",
            Self::Minimal => "minimal",
            Self::Slim => "slim",
        }
    }
}
