//! A repository with an app, a backend and a local plugin, as small as can be.

use std::path::Path;
use std::sync::OnceLock;

use monorepo::{BackendChoice, Monorepo};
use tempfile::TempDir;

pub(crate) const LOCKFILE: &str = r#"__metadata:
  version: 8
  cacheKey: 10c0

"app@link:../app::locator=backend%40workspace%3Apackages%2Fbackend":
  version: 0.0.0-use.local
  resolution: "app@link:../app::locator=backend%40workspace%3Apackages%2Fbackend"
  languageName: node
  linkType: soft

"app@workspace:packages/app":
  version: 0.0.0-use.local
  resolution: "app@workspace:packages/app"
  dependencies:
    react: "npm:^18.0.0"
  languageName: unknown
  linkType: soft

"backend@workspace:packages/backend":
  version: 0.0.0-use.local
  resolution: "backend@workspace:packages/backend"
  dependencies:
    "@internal/x": "workspace:^"
    app: "link:../app"
    express: "npm:^4.0.0"
  languageName: unknown
  linkType: soft

"@internal/unused@workspace:plugins/unused":
  version: 0.0.0-use.local
  resolution: "@internal/unused@workspace:plugins/unused"
  languageName: unknown
  linkType: soft

"@internal/x@workspace:^, @internal/x@workspace:plugins/x":
  version: 0.0.0-use.local
  resolution: "@internal/x@workspace:plugins/x"
  dependencies:
    knex: "npm:^3.0.0"
  languageName: unknown
  linkType: soft

"root@workspace:.":
  version: 0.0.0-use.local
  resolution: "root@workspace:."
  languageName: unknown
  linkType: soft
"#;

pub(crate) const ROOT: &str = r#"{
  "name": "root",
  "version": "1.0.0",
  "private": true,
  "engines": {"node": "24"},
  "workspaces": ["packages/*", "plugins/*"],
  "packageManager": "yarn@4.13.0"
}
"#;

const APP: &str = r#"{
  "name": "app",
  "version": "0.0.0",
  "bundled": true,
  "backstage": {"role": "frontend"},
  "dependencies": {"react": "^18.0.0"},
  "files": ["dist"]
}
"#;

const BACKEND: &str = r#"{
  "name": "backend",
  "version": "0.0.0",
  "main": "dist/index.cjs.js",
  "backstage": {"role": "backend"},
  "dependencies": {"@internal/x": "workspace:^", "app": "link:../app", "express": "^4.0.0"},
  "files": ["dist"]
}
"#;

const PLUGIN: &str = r#"{
  "name": "@internal/x",
  "version": "0.1.0",
  "main": "src/index.ts",
  "publishConfig": {"access": "public", "main": "dist/index.cjs.js"},
  "backstage": {"role": "backend-plugin"},
  "dependencies": {"knex": "^3.0.0"}
}
"#;

/// The sources, by path.
pub(crate) const SOURCES: &[(&str, &str)] = &[
    ("packages/app/src/App.tsx", "export default app;\n"),
    ("packages/backend/src/index.ts", "backend.start();\n"),
    ("plugins/x/src/index.ts", "export { plugin };\r\n"),
    ("plugins/x/src/plugin.ts", "const plugin = 1;\n"),
];

const UNUSED: &str = r#"{"name": "@internal/unused", "backstage": {"role": "frontend-plugin"}}
"#;

/// What the archives hold of the manifests, as the Backstage CLI writes them.
pub(crate) const PACKED: &[(&str, &str)] = &[
    (
        "packages/app/package.json",
        r#"{
  "name": "app",
  "version": "0.0.0",
  "bundled": true,
  "backstage": {"role": "frontend"},
  "files": ["dist"]
}
"#,
    ),
    (
        "packages/backend/package.json",
        r#"{
  "name": "backend",
  "version": "0.0.0",
  "main": "./dist/index.cjs.js",
  "backstage": {"role": "backend"},
  "dependencies": {"@internal/x": "workspace:^", "app": "link:../app", "express": "^4.0.0"},
  "files": ["dist"]
}
"#,
    ),
    (
        "plugins/x/package.json",
        r#"{
  "name": "@internal/x",
  "version": "0.1.0",
  "main": "dist/index.cjs.js",
  "publishConfig": {"access": "public", "main": "dist/index.cjs.js"},
  "backstage": {"role": "backend-plugin"},
  "dependencies": {"knex": "^3.0.0"}
}
"#,
    ),
];

fn write(root: &Path, edits: &[(&str, &str)]) {
    let files = [
        ("package.json", ROOT),
        (".yarnrc.yml", "nodeLinker: node-modules\n"),
        (".gitignore", "generated\n"),
        ("app-config.yaml", "app:\n  title: Portal\n"),
        ("yarn.lock", LOCKFILE),
        ("packages/app/package.json", APP),
        ("packages/backend/package.json", BACKEND),
        ("plugins/x/package.json", PLUGIN),
        ("plugins/unused/package.json", UNUSED),
    ];
    for (path, text) in files.iter().chain(SOURCES) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = edits.iter().fold((*text).to_owned(), |text, (from, to)| text.replace(from, to));
        std::fs::write(path, text).unwrap();
    }
}

/// The facts of the repository; read once for all tests.
pub(crate) fn facts() -> &'static Monorepo {
    static FACTS: OnceLock<Monorepo> = OnceLock::new();
    FACTS.get_or_init(|| changed(&[]))
}

/// The facts of the repository with texts replaced wherever they are.
pub(crate) fn changed(edits: &[(&str, &str)]) -> Monorepo {
    let folder = TempDir::new().unwrap();
    write(folder.path(), edits);
    Monorepo::read(folder.path(), &BackendChoice::Only).unwrap_or_else(|problems| panic!("{problems}"))
}
