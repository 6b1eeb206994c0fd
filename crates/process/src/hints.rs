//! Failures we know, keyed by what they print. The first pattern of the table that occurs wins, so the
//! specific stand before the general.

/// A pattern and what to do about it.
struct Known {
    /// All of these must occur in one line; letter case counts.
    words: &'static [&'static str],
    /// What to do, as a clause.
    hint: &'static str,
}

const KNOWN: &[Known] = &[
    Known {
        words: &["not in yarn.lock"],
        hint: "the lockfile is out of step: run `yarn install` and commit yarn.lock",
    },
    Known {
        words: &["this Dockerfile is older than the manifests"],
        hint: "run `cargo xtask render` and commit the result",
    },
    Known {
        words: &["YN0028"],
        hint: "the lockfile would change: run `yarn install` and commit yarn.lock; when a workspace is new, `cargo xtask render` too",
    },
    Known {
        words: &["YN0018"],
        hint: "a package's checksum differs from yarn.lock: look at the package, then run `yarn install --check-cache`",
    },
    Known {
        words: &["YN0035"],
        hint: "the registry does not have this package or refuses it: check npmRegistryServer and its token",
    },
    Known {
        words: &["YN0041"],
        hint: "the registry refuses the token: export the variable that .yarnrc.yml or .npmrc names",
    },
    Known {
        words: &["Environment variable not found"],
        hint: "export the variable that .yarnrc.yml names; it is passed to the build as a secret",
    },
    Known {
        words: &["YN0050"],
        hint: "Yarn 4 has no `install --production`; the rendered Dockerfile uses `workspaces focus`",
    },
    Known {
        words: &["YN0082"],
        hint: "no version of the package fits: the newest may be younger than npmMinimalAgeGate, or missing on a mirror",
    },
    Known {
        words: &["gyp ERR!"],
        hint: "a native addon did not compile; the reason is in the lines above (a compiler, python3 or headers missing, or a Node too new for it)",
    },
    Known {
        words: &["prebuild-install"],
        hint: "a native addon found no prebuilt binary and did not compile; see the lines above",
    },
    Known {
        words: &["JavaScript heap out of memory"],
        hint: "give the build more memory: raise the limit of the Docker machine, or set NODE_OPTIONS=--max-old-space-size in the script",
    },
    Known {
        words: &["exit code: 137"],
        hint: "the kernel killed a program for want of memory: raise the memory of the Docker machine",
    },
    Known {
        words: &["exit code: 134"],
        hint: "Node aborted, most often for want of memory: raise the memory of the Docker machine",
    },
    Known {
        words: &["no space left on device"],
        hint: "the disk is full: `cargo xtask clean --report` lists what this tool keeps, `docker system df` what Docker does",
    },
    Known {
        words: &["ENOSPC"],
        hint: "the disk is full: `cargo xtask clean --report` lists what this tool keeps, `docker system df` what Docker does",
    },
    Known {
        words: &["the --mount option requires BuildKit"],
        hint: "this docker has no BuildKit: install the buildx plugin (Debian: docker-buildx)",
    },
    Known {
        words: &["BuildKit is enabled but the buildx component is missing"],
        hint: "install the buildx plugin (Debian: docker-buildx)",
    },
    Known {
        words: &["failed to resolve source metadata"],
        hint: "the base image is neither here nor can it be pulled: make one with `cargo xtask base-image`, or name one with `--base IMAGE`",
    },
    Known {
        words: &["pull access denied"],
        hint: "the base image is neither here nor can it be pulled: make one with `cargo xtask base-image`, or name one with `--base IMAGE`",
    },
    Known {
        words: &["failed to do request: Head"],
        hint: "the base image is neither here nor can it be pulled: make one with `cargo xtask base-image`, or name one with `--base IMAGE`",
    },
    Known {
        words: &["permission denied", "docker.sock"],
        hint: "this user may not use Docker: add it to the group docker, or use rootless Docker",
    },
    Known { words: &["no builder"], hint: "`docker buildx ls` lists the builders" },
    Known {
        words: &["Cannot connect to the Docker daemon"],
        hint: "start Docker (`systemctl start docker`), or point DOCKER_HOST at a running one",
    },
    Known {
        words: &["error reading from server: EOF"],
        hint: "the Docker daemon went away during the build: start it again and repeat the command",
    },
    Known {
        words: &["code = Unavailable"],
        hint: "the Docker daemon went away during the build: start it again and repeat the command",
    },
    Known {
        words: &["unable to get local issuer certificate"],
        hint: "a proxy with a CA of its own is between: name its certificates with `--ca-file FILE`",
    },
    Known {
        words: &["self-signed certificate"],
        hint: "a proxy with a CA of its own is between: name its certificates with `--ca-file FILE`",
    },
    Known {
        words: &["SELF_SIGNED_CERT"],
        hint: "a proxy with a CA of its own is between: name its certificates with `--ca-file FILE`",
    },
    Known {
        words: &["certificate signed by unknown authority"],
        hint: "the Docker daemon does not trust this registry: install the CA where the daemon runs",
    },
    Known {
        words: &["EAI_AGAIN"],
        hint: "names cannot be resolved inside the build: check the network, DNS and HTTPS_PROXY",
    },
    Known {
        words: &["ENOTFOUND"],
        hint: "a host name cannot be resolved inside the build: check the network, npmRegistryServer and HTTPS_PROXY",
    },
    Known {
        words: &["Temporary failure resolving"],
        hint: "names cannot be resolved inside the build: check the network, DNS and HTTP_PROXY",
    },
    Known {
        words: &["Unable to locate package"],
        hint: "Debian has no package of this name: fix `packages` of [runtime] in xtask.toml; https://packages.debian.org lists them",
    },
    Known {
        words: &["CERTIFICATE_VERIFY_FAILED"],
        hint: "a proxy with a CA of its own is between: name its certificates with `--ca-file FILE`",
    },
    Known {
        words: &["Name or service not known"],
        hint: "a host name cannot be resolved inside the build: check the network, PIP_INDEX_URL and HTTPS_PROXY",
    },
    Known {
        words: &["No matching distribution found"],
        hint: "the Python index lacks this version for this Python: fix `packages` of [techdocs] in xtask.toml, or name another index in PIP_INDEX_URL",
    },
    Known {
        words: &["ECONNREFUSED"],
        hint: "a connection was refused: a proxy on localhost cannot be reached from inside a build",
    },
    Known { words: &["ETIMEDOUT"], hint: "the network is slow or blocked: check HTTPS_PROXY and the registry" },
    Known { words: &["error TS"], hint: "the type check failed: `yarn tsc` shows the same on your machine" },
    Known {
        words: &["Module not found"],
        hint: "a source imports what its package.json does not declare: add it with `yarn workspace NAME add PACKAGE`",
    },
    Known {
        words: &["Could not resolve"],
        hint: "a source imports what is not there: check the import, and that the file is committed and not ignored",
    },
];

/// What is known about a failure that printed these lines.
pub fn hint_for(lines: &[impl AsRef<str>]) -> Option<&'static str> {
    let occurs = |known: &&Known| lines.iter().any(|line| known.words.iter().all(|word| line.as_ref().contains(word)));
    KNOWN.iter().find(occurs).map(|known| known.hint)
}

/// Whether lines speak of the engine, the network or the disk rather than of the repository.
pub fn blames_environment(lines: &[impl AsRef<str>]) -> bool {
    const ENVIRONMENT: &[&str] = &[
        "no space left on device",
        "ENOSPC",
        "failed to resolve source metadata",
        "failed to do request",
        "pull access denied",
        "Cannot connect to the Docker daemon",
        "error reading from server: EOF",
        "code = Unavailable",
        "docker.sock",
        "no builder",
        "issuer certificate",
        "SELF_SIGNED_CERT",
        "self-signed certificate",
        "unknown authority",
        "CERTIFICATE_VERIFY_FAILED",
        "Name or service not known",
        "EAI_AGAIN",
        "ENOTFOUND",
        "ECONNREFUSED",
        "ETIMEDOUT",
        "Temporary failure resolving",
        "exit code: 137",
        "requires BuildKit",
        "Environment variable not found",
    ];
    lines.iter().any(|line| ENVIRONMENT.iter().any(|word| line.as_ref().contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_failures_get_their_hint() {
        let hint = |line: &str| hint_for(&[line]).unwrap_or_default();
        assert!(hint("➤ YN0028: │ The lockfile would have been modified by this install").contains("yarn install"));
        assert!(
            hint("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory")
                .contains("memory")
        );
        assert!(hint("got permission denied while trying to connect to /var/run/docker.sock").contains("group docker"));
        assert!(hint("src/index.ts(3,1): error TS2304: Cannot find name").contains("yarn tsc"));
        assert!(hint("ERROR: No matching distribution found for mkdocs==9").contains("[techdocs]"));
        assert!(hint("E: Unable to locate package gitt").contains("[runtime]"));
        assert_eq!(hint_for(&["all is well"]), None);
    }

    #[test]
    fn the_network_is_not_the_repositorys_fault() {
        assert!(blames_environment(&["getaddrinfo EAI_AGAIN registry"]));
        assert!(blames_environment(&["[Errno -2] Name or service not known", "No matching distribution found for a"]));
        assert!(!blames_environment(&["error TS2304"]));
        assert!(!blames_environment(&["No matching distribution found for a"]));
    }
}
