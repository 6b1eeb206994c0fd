//! A base image where no registry can be reached: Debian from its packages, Node and npm from the npm
//! registry, laid out as the `node:<version>-trixie-slim` images are.

use std::path::{Path, PathBuf};

use process::{EngineError, Event, Interrupt, Invocation, Reporter, as_step};
use serde_json::Value;

use crate::docker::Docker;

/// Debian's release of the image.
const RELEASE: &str = "trixie";
/// What every program in the image may need beside the essential packages.
const PACKAGES: &str = "ca-certificates";

/// An image without it leaves `$PATH` empty in the eyes of some builders.
const SEARCH_PATH: &str = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What to make.
#[derive(Debug, Clone)]
pub struct BaseImageRequest<'a> {
    /// Node's release line or exact version.
    pub node: &'a str,
    /// npm's exact version.
    pub npm: &'a str,
    /// The image's name.
    pub reference: &'a str,
    /// Mirrors, lines of sources.list or URLs; empty for Debian's own.
    pub mirrors: &'a [String],
    /// A folder for files of this build alone.
    pub scratch: &'a Path,
    /// The log of every program goes here.
    pub log: &'a Path,
}

/// Makes the image and loads it into the engine; gives its id.
///
/// # Errors
/// A program is missing (all are named at once), a package cannot be fetched, or the engine refused.
pub fn make_base_image(
    docker: &Docker,
    request: &BaseImageRequest<'_>,
    interrupt: &Interrupt,
    reporter: &dyn Reporter,
) -> Result<String, EngineError> {
    let programs = Programs::find()?;
    let node_root = request.scratch.join("node");
    let node = as_step("node", reporter, || fetch_node(&programs, request, &node_root, interrupt))?;
    let archive = request.scratch.join("root.tar");
    as_step("debian", reporter, || debian(&programs, request, &node_root, &archive, interrupt, reporter))?;
    as_step("import", reporter, || {
        let version = format!("ENV NODE_VERSION={node}");
        docker.import(&archive, request.reference, &["CMD [\"node\"]", SEARCH_PATH, &version])
    })
}

struct Programs {
    mmdebstrap: PathBuf,
    npm: PathBuf,
    tar: PathBuf,
}

impl Programs {
    fn find() -> Result<Self, EngineError> {
        let mut missing = Vec::new();
        let mut find = |name: &str, package: &str| {
            which::which(name).unwrap_or_else(|_| {
                missing.push(format!("{name} (Debian: {package})"));
                PathBuf::new()
            })
        };
        let programs =
            Self { mmdebstrap: find("mmdebstrap", "mmdebstrap"), npm: find("npm", "npm"), tar: find("tar", "tar") };
        if missing.is_empty() {
            return Ok(programs);
        }
        Err(EngineError::Missing {
            what: "programs that make a base image are missing".to_owned(),
            details: missing,
            hint: "install them, or name an image with `build-image --base IMAGE`".to_owned(),
        })
    }
}

/// The npm package that carries Node's official build for this machine.
fn node_package() -> Result<String, EngineError> {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => {
            return Err(EngineError::Missing {
                what: format!("no Node package for the architecture {other}"),
                details: Vec::new(),
                hint: "name an image with `build-image --base IMAGE`".to_owned(),
            });
        }
    };
    Ok(format!("node-linux-{architecture}"))
}

/// Lays out `usr/local` with Node, its headers and npm; gives Node's exact version. npm checks the
/// registry's integrity hashes.
fn fetch_node(
    programs: &Programs,
    request: &BaseImageRequest<'_>,
    root: &Path,
    interrupt: &Interrupt,
) -> Result<String, EngineError> {
    let local = root.join("usr/local");
    std::fs::create_dir_all(local.join("lib/node_modules")).map_err(EngineError::io("laying out Node"))?;
    let version = unpack(programs, request, &format!("{}@{}", node_package()?, request.node), &local, interrupt)?;
    for name in ["CHANGELOG.md", "README.md", "package.json"] {
        let _ = std::fs::remove_file(local.join(name));
    }
    trim_openssl_headers(&local.join("include/node/openssl/archs"))?;
    let npm = local.join("lib/node_modules/npm");
    std::fs::create_dir_all(&npm).map_err(EngineError::io("laying out npm"))?;
    unpack(programs, request, &format!("npm@{}", request.npm), &npm, interrupt)?;
    for (name, file) in [("npm", "npm-cli.js"), ("npx", "npx-cli.js")] {
        link(&format!("../lib/node_modules/npm/bin/{file}"), &local.join("bin").join(name))?;
    }
    Ok(version)
}

#[cfg(unix)]
fn link(target: &str, path: &Path) -> Result<(), EngineError> {
    std::os::unix::fs::symlink(target, path).map_err(EngineError::io(format!("linking {}", path.display())))
}

#[cfg(not(unix))]
fn link(_target: &str, path: &Path) -> Result<(), EngineError> {
    Err(EngineError::Io {
        doing: format!("linking {}", path.display()),
        source: std::io::ErrorKind::Unsupported.into(),
    })
}

/// Node carries OpenSSL's settings for every platform; a build reads one of them, and the official images
/// keep one.
fn trim_openssl_headers(folder: &Path) -> Result<(), EngineError> {
    let own = format!("linux-{}", std::env::consts::ARCH);
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy() != own {
            std::fs::remove_dir_all(entry.path()).map_err(EngineError::io("trimming Node's headers"))?;
        }
    }
    Ok(())
}

/// Fetches an npm package by `npm pack` and unpacks it into `folder`; gives its version.
fn unpack(
    programs: &Programs,
    request: &BaseImageRequest<'_>,
    package: &str,
    folder: &Path,
    interrupt: &Interrupt,
) -> Result<String, EngineError> {
    let exact = newest_version(programs, package)?;
    let command = Invocation::new(&programs.npm)
        .args(["pack", "--silent", "--pack-destination"])
        .arg(request.scratch)
        .arg(&exact);
    let outcome = command.stream(None, interrupt, |_| {})?;
    let file = outcome.tail.iter().rev().find(|line| line.ends_with(".tgz"));
    let archive = request.scratch.join(file.map_or("", |line| line.trim()));
    let command = Invocation::new(&programs.tar)
        .args(["--extract", "--gzip", "--strip-components=1", "--no-same-owner", "--file"])
        .arg(&archive)
        .arg("--directory")
        .arg(folder);
    command.stream(None, interrupt, |_| {})?;
    std::fs::remove_file(&archive).map_err(EngineError::io("removing a package"))?;
    Ok(exact.rsplit('@').next().unwrap_or_default().to_owned())
}

/// `name@range` as `name@version`: the newest version that fits.
fn newest_version(programs: &Programs, package: &str) -> Result<String, EngineError> {
    let answer = Invocation::new(&programs.npm).args(["view", "--json", package, "version"]).read()?;
    let value: Value = serde_json::from_str(&answer).unwrap_or(Value::String(answer.trim().to_owned()));
    let newest = match &value {
        // `npm view` lists every version in the range, in the order they were published.
        Value::Array(versions) => versions.iter().filter_map(Value::as_str).max_by_key(|version| numbers(version)),
        other => other.as_str(),
    };
    let name = &package[..package.rfind('@').unwrap_or(package.len())];
    match newest {
        Some(version) if !version.is_empty() => Ok(format!("{name}@{version}")),
        _ => Err(EngineError::Missing {
            what: format!("the npm registry has no {package}"),
            details: Vec::new(),
            hint: "name another Node version with `--node VERSION`".to_owned(),
        }),
    }
}

fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-']).map(|part| part.parse().unwrap_or_default()).collect()
}

/// Makes the root file system: Debian's minimal set, the user `node`, and what [`fetch_node`] laid out.
fn debian(
    programs: &Programs,
    request: &BaseImageRequest<'_>,
    node_root: &Path,
    archive: &Path,
    interrupt: &Interrupt,
    reporter: &dyn Reporter,
) -> Result<(), EngineError> {
    let node_root = node_root.display();
    let command = Invocation::new(&programs.mmdebstrap)
        .args(["--variant=minbase", &format!("--include={PACKAGES}")])
        .args(["--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-include=/usr/share/doc/*/copyright"])
        .args(["--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*"])
        .arg("--customize-hook=chroot \"$1\" groupadd --gid 1000 node")
        .arg("--customize-hook=chroot \"$1\" useradd --uid 1000 --gid node --shell /bin/bash --create-home node")
        .arg(format!(
            "--customize-hook=cp --archive --no-preserve=ownership '{node_root}/usr/local/.' \"$1/usr/local/\""
        ))
        .arg("--format=tar")
        .arg(RELEASE)
        .arg(archive)
        .args(request.mirrors.iter());
    let output = |line: &str| reporter.report(&Event::StepOutput { step: "debian".to_owned(), line: line.to_owned() });
    command.stream(Some(request.log), interrupt, output).map(drop)
}
