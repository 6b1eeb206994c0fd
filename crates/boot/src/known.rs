//! Errors of backends that we know, by the words in them. The first row whose words all occur wins, so the
//! specific stand before the general.

/// What is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The image.
    Image,
    /// The image, or whoever named the database.
    Database,
    /// This machine, or the engine.
    Environment,
}

/// A known error.
pub(crate) struct Known {
    /// All of these occur in the error; letter case counts.
    pub(crate) words: &'static [&'static str],
    /// What to do, as a clause.
    pub(crate) hint: &'static str,
    /// What is to blame.
    pub(crate) blame: Blame,
}

const fn image(words: &'static [&'static str], hint: &'static str) -> Known {
    Known { words, hint, blame: Blame::Image }
}

const fn database(words: &'static [&'static str], hint: &'static str) -> Known {
    Known { words, hint, blame: Blame::Database }
}

const fn environment(words: &'static [&'static str], hint: &'static str) -> Known {
    Known { words, hint, blame: Blame::Environment }
}

const NO_NODE: &str = "the image has no `node` on its PATH: it is no Backstage image, or its base is the wrong one";
const VARIABLE: &str = "a value of the configuration is missing: set the variable it refers to with `--env NAME=VALUE`, as your \
    deployment does, or give it a value in a file that the image loads";
const NO_DATABASE: &str = "the configuration leads to another database: it has to take host and port from variables. Here they \
    are POSTGRES_HOST and POSTGRES_PORT; other names are set with `--env 'NAME=${POSTGRES_HOST}'`";
const ACCOUNT: &str = "the configuration has to take user and password from variables: here they are POSTGRES_USER and \
    POSTGRES_PASSWORD; other names are set with `--env 'NAME=${POSTGRES_USER}'`";
const MEMORY: &str = "allow it more with `--memory 2G`, and the deployment as well";
const WRITES: &str = "the image writes to its own files, which production mounts read-only: let it write below /tmp; an app of an \
    older Backstage has to be built anew with a page template, index.html.tmpl";
const SCHEMA: &str = "the app was built with other config schemas than the backend has: build the image anew with \
    `cargo xtask build-image --no-cache`";
const FRONTEND: &str = "the app is not in the image: its package must be a dependency of the backend and `bundled`, and \
    built before; `cargo xtask verify-artifacts` says more";
const MIGRATIONS: &str = "the database has migrations that this image lacks: it is older than the database, or the package's \
    `files` leaves its migrations out";
const ADDON: &str = "a native addon is not for the image's Node or C library: build the image with \
    `cargo xtask build-image`, which compiles for its own base";

pub(crate) const KNOWN: &[Known] = &[
    image(&["execvp node"], NO_NODE),
    image(&["executable file not found"], NO_NODE),
    environment(&["bwrap: "], "bubblewrap could not make the sandbox; `bwrap --version` and the lines above say more"),
    environment(&["docker: "], "Docker could not start the container; the line above says why"),
    image(&["boot: cannot start"], "the image's command cannot be run: look at its entrypoint and command"),
    image(&["out of memory"], MEMORY),
    image(&["ended by SIGKILL"], MEMORY),
    image(&["Missing required config value"], VARIABLE),
    image(&["Invalid app bundle schema"], SCHEMA),
    image(&["does not match schema"], SCHEMA),
    image(&["Can't serve static app content"], FRONTEND),
    image(&["migration directory is corrupt"], MIGRATIONS),
    database(&["password authentication failed"], ACCOUNT),
    database(&["client password must be a string"], ACCOUNT),
    database(
        &["permission denied to create database"],
        "each plugin has a database of its own: allow the user to create them, or set \
         backend.database.pluginDivisionMode to schema",
    ),
    database(
        &["does not support SSL connections"],
        "the database has no TLS: switch it off for this run with \
         `--env APP_CONFIG_backend_database_connection_ssl=false`",
    ),
    database(
        &["Acquire connection error", "self-signed certificate"],
        "the temporary database has a self-signed certificate: for this run trust it with \
         `--env APP_CONFIG_backend_database_connection_ssl_rejectUnauthorized=false`",
    ),
    database(&["ECONNREFUSED"], NO_DATABASE),
    database(
        &["Connection terminated"],
        "the database closed the connection; its own log is beside that of the backend",
    ),
    image(&["EAI_AGAIN"], NO_DATABASE),
    image(&["ENOTFOUND"], NO_DATABASE),
    image(&["EROFS"], WRITES),
    image(&["EACCES", "listen"], "ports below 1024 are for root: let `backend.listen` name another, such as :7007"),
    image(&["NODE_MODULE_VERSION"], ADDON),
    image(&["ERR_DLOPEN_FAILED"], ADDON),
    image(&["cannot open shared object file"], ADDON),
    image(&["native addons do not load"], ADDON),
    image(&["uv_os_homedir"], "the backend wants a home: set HOME in the image, or do without `os.homedir()`"),
    image(
        &["no-node-snapshot"],
        "the scaffolder needs `NODE_OPTIONS=--no-node-snapshot` in the image: build it with `cargo xtask build-image`",
    ),
    image(&["Config validation failed"], "the configuration breaks the schema that the line above names"),
];
