//! The rendered Dockerfile and its ignore file: as committed, within the syntax that every engine reads,
//! with scripts that do what the recipe assumes, and with a build context that is exactly the tree.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::dockerignore::IgnoreFile;
use common::skip::{record, skip};
use common::{Sandbox, expect_file, files_below, tests_folder, transcript};
use monorepo::{BackendChoice, Monorepo, install_manifest, production_manifest};
use serde_json::{Value, json};

fn facts(sandbox: &Sandbox) -> Monorepo {
    Monorepo::read(&sandbox.repo(), &BackendChoice::Only).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The Dockerfile and the ignore file.
fn render(sandbox: &Sandbox) -> [String; 2] {
    let repo = facts(sandbox);
    recipe::render(&repo, &recipe::plan(&repo, None)).unwrap().map(|file| file.text)
}

/// The minimal repository with its Yarn, a plugin, a patch and an offline cache committed, a registry of
/// its own and a native addon.
fn everything_committed() -> Sandbox {
    let sandbox = Sandbox::of("minimal");
    sandbox.replace(
        ".yarnrc.yml",
        "nodeLinker: node-modules\n",
        "nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn-4.13.0.cjs\nenableGlobalCache: false\nplugins:\n  - .yarn/plugins/one.cjs\nnpmRegistryServer: https://npm.example.com\nnpmAuthToken: ${NPM_TOKEN}\n",
    );
    for path in
        [".yarn/releases/yarn-4.13.0.cjs", ".yarn/plugins/one.cjs", ".yarn/patches/a.patch", ".yarn/cache/a.zip"]
    {
        sandbox.write(path, "x\n");
    }
    sandbox.replace(
        ".gitignore",
        "node_modules/\n",
        "node_modules/\n.yarn/*\n!.yarn/cache\n!.yarn/patches\n!.yarn/plugins\n!.yarn/releases\n",
    );
    let express = "  resolution: \"express@npm:4.22.1\"\n";
    sandbox.replace("yarn.lock", express, &format!("{express}  dependencies:\n    node-gyp: \"npm:latest\"\n"));
    sandbox
}

/// The minimal repository whose settings ask for Debian packages and TechDocs.
fn added_to_the_image() -> Sandbox {
    let sandbox = Sandbox::of("minimal");
    let techdocs = "[techdocs]\nenabled = true\npackages = [\"mkdocs-techdocs-core==1.7.1\"]\n";
    sandbox.write("xtask.toml", &format!("[runtime]\npackages = [\"git\"]\n\n{techdocs}"));
    sandbox
}

/// Every repository whose rendered files are committed here.
fn repositories() -> Vec<(&'static str, Sandbox)> {
    let hashed = Sandbox::of("minimal");
    hashed.replace("package.json", "yarn@4.13.0", "yarn@4.13.0+sha224.0123456789abcdef");
    vec![
        ("demo", Sandbox::of("demo")),
        ("minimal", Sandbox::of("minimal")),
        ("committed-yarn", everything_committed()),
        ("hashed-yarn", hashed),
        ("added-to-the-image", added_to_the_image()),
    ]
}

#[test]
fn rendered_files_are_as_committed() {
    for (name, sandbox) in repositories() {
        let folder = tests_folder().join("snapshots").join(name);
        let [dockerfile, ignore_file] = render(&sandbox);
        expect_file(&folder.join("Dockerfile.flightcontrol"), &dockerfile);
        expect_file(&folder.join("Dockerfile.flightcontrol.dockerignore"), &ignore_file);
    }
}

#[test]
fn the_configuration_and_the_services_are_as_committed() {
    let verified = Sandbox::of("minimal");
    verified.write("rds-global-bundle.pem", "x\n");
    verified.write(
        "xtask.toml",
        "[flightcontrol]\nssl = \"verify\"\nbase-url = \"https://portal.example.com\"\nservice = \"portal\"\n\
         connection-variable = \"DATABASE_URL\"\ncpu = 0.5\nmemory = 1\nmax-instances = 2\n",
    );
    for (name, sandbox) in [("demo", Sandbox::of("demo")), ("verified", verified)] {
        let folder = tests_folder().join("snapshots").join(name);
        let config = deployment::app_config(&facts(&sandbox)).unwrap();
        let repo = facts(&sandbox).with_flightcontrol_config(&config.text);
        let services = deployment::flightcontrol_json(&repo, &recipe::plan(&repo, None), None).unwrap();
        assert_eq!(services.replaced, Vec::<String>::new());
        for file in [config, services.file] {
            expect_file(&folder.join(&file.path), &file.text);
        }
        // What was rendered as if the configuration were there is what it is once it is there.
        sandbox.succeed(&["render"]);
        sandbox.succeed(&["render", "--check"]);
    }
}

/// The Dockerfile's instructions, each without its line breaks.
fn instructions(dockerfile: &str) -> Vec<String> {
    let lines = dockerfile.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let joined = lines.collect::<Vec<_>>().join("\n").replace("\\\n", "");
    joined.lines().map(str::to_owned).collect()
}

#[test]
fn the_syntax_is_what_every_engine_reads() {
    for (name, sandbox) in repositories() {
        let [dockerfile, _] = render(&sandbox);
        for instruction in instructions(&dockerfile) {
            let word = instruction.split(' ').next().unwrap();
            assert!(
                ["ARG", "FROM", "COPY", "RUN", "ENV", "WORKDIR", "USER", "EXPOSE", "HEALTHCHECK", "CMD"]
                    .contains(&word),
                "{name}: {instruction}"
            );
            for newer in ["--link", "--parents ", "--exclude"] {
                assert!(word != "COPY" || !instruction.contains(newer), "{name}: {instruction}");
            }
            assert!(!instruction.contains("<<"), "{name}: a here-document: {instruction}");
            assert!(!instruction.contains("--network=") && !instruction.contains(",env="), "{name}: {instruction}");
        }
        assert!(!dockerfile.lines().any(|line| line.trim_start().starts_with("# syntax")), "{name}");
    }
}

#[test]
fn no_comment_is_inside_a_continued_instruction() {
    for (name, sandbox) in repositories() {
        let [dockerfile, _] = render(&sandbox);
        let lines: Vec<_> = dockerfile.lines().collect();
        for pair in lines.windows(2).filter(|pair| pair[0].ends_with('\\')) {
            assert!(!pair[1].trim_start().starts_with('#'), "{name}: {}", pair[1]);
            assert!(!pair[1].trim().is_empty(), "{name}: an empty line after {}", pair[0]);
        }
        assert!(!dockerfile.lines().any(|line| line.ends_with("\\ ")), "{name}: a space after a backslash");
    }
}

#[test]
fn the_last_stage_is_the_one_to_deploy() {
    for (name, sandbox) in repositories() {
        let [dockerfile, _] = render(&sandbox);
        let last = instructions(&dockerfile).into_iter().rfind(|line| line.starts_with("FROM ")).unwrap();
        let base = if name == "added-to-the-image" { "runtime-packages" } else { "${BASE_IMAGE}" };
        assert_eq!(last, format!("FROM {base} AS runtime"), "{name}");
        let runtime = dockerfile.split("AS runtime\n").nth(1).unwrap();
        assert!(runtime.contains("\nUSER 1000:1000\n") && !runtime.contains("\nRUN "), "{name}");
    }
}

#[test]
fn stages_come_before_what_copies_from_them() {
    for (name, sandbox) in repositories() {
        let [dockerfile, _] = render(&sandbox);
        let mut known: BTreeSet<String> = ["${BASE_IMAGE}", "scratch"].map(str::to_owned).into();
        for line in instructions(&dockerfile) {
            let words: Vec<_> = line.split_whitespace().collect();
            let used = words.iter().filter_map(|word| word.strip_prefix("--from="));
            let mounted = words.iter().filter_map(|word| word.split_once(",from=")?.1.split(',').next());
            let base = (words[0] == "FROM").then(|| words[1]);
            for stage in used.chain(mounted).chain(base) {
                assert!(known.contains(stage), "{name}: {stage} in {line}");
            }
            if let ["FROM", _, "AS", stage] = words[..] {
                assert!(known.insert(stage.to_owned()), "{name}: two stages {stage}");
            }
        }
    }
}

#[test]
fn secrets_are_mounted_where_the_network_is_and_nowhere_else() {
    for (name, sandbox) in repositories() {
        let [dockerfile, _] = render(&sandbox);
        for line in instructions(&dockerfile) {
            let is_setting = line.starts_with("ARG ") || line.starts_with("ENV ");
            for word in ["TOKEN", "PASSWORD", "SECRET", "PROXY"] {
                assert!(!is_setting || !line.contains(word), "{name}: {line}");
            }
            let runs = |command: &str| line.starts_with("RUN ") && line.contains(command);
            let network =
                ["apt-get \"$@\"", "npm install", "yarn install", "yarn workspaces focus"].into_iter().any(runs);
            let secrets = ["ca", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];
            for secret in secrets {
                assert_eq!(
                    line.contains(&format!("--mount=type=secret,id={secret} ")),
                    network,
                    "{name}: {secret} in {line}"
                );
            }
            if name == "committed-yarn" && runs("yarn install") {
                assert!(line.contains("--mount=type=secret,id=NPM_TOKEN "), "{line}");
            }
        }
    }
}

#[test]
fn the_shell_reads_every_command() {
    for (name, sandbox) in repositories() {
        let [dockerfile, _] = render(&sandbox);
        for line in instructions(&dockerfile).iter().filter_map(|line| line.strip_prefix("RUN ")) {
            let words = line.split_inclusive(' ');
            let command: String = words.skip_while(|word| word.starts_with("--mount") || *word == " ").collect();
            let output = Command::new("/bin/sh").args(["-n", "-c", &command]).output().unwrap();
            assert!(output.status.success(), "{name}: {command}\n{}", transcript(&output));
        }
    }
}

/// The script of the rendered Dockerfile that holds `mark`, as Node gets it.
fn script(mark: &str) -> String {
    let [dockerfile, _] = render(&Sandbox::of("minimal"));
    let line = instructions(&dockerfile).into_iter().find(|line| line.contains(mark)).unwrap();
    let quoted = line.replace(r"'\''", "\0");
    let script = quoted.split('\'').find(|part| part.contains(mark)).unwrap();
    script.replace('\0', "'")
}

fn has_node() -> bool {
    Command::new("node").arg("--version").output().is_ok()
}

/// Runs a script with Node.
fn node(script: &str, arguments: &[&Path], folder: &Path) -> Output {
    Command::new("node").arg("-e").arg(script).args(arguments).current_dir(folder).output().unwrap()
}

#[test]
fn the_lockfile_check_names_every_stranger() {
    if !has_node() {
        skip!("no node on the PATH");
    }
    let script = script("not in yarn.lock");
    let sandbox = Sandbox::of("minimal");
    let state = |packages: &[&str]| {
        let entries =
            packages.iter().map(|package| format!("\"{package}\":\n  locations:\n    - \"node_modules/x\"\n\n"));
        sandbox.write(
            "node_modules/.yarn-state.yml",
            &format!("__metadata:\n  version: 1\n\n{}", entries.collect::<String>()),
        );
        node(&script, &[], &sandbox.repo())
    };
    let virtual_one = "react@virtual:0a1b2c#npm:18.3.1";
    let good = state(&["express@npm:4.22.1", virtual_one, "backend@workspace:packages/backend"]);
    assert_eq!(transcript(&good), "exit 0\n--- stdout\n3 production packages, all in yarn.lock\n");
    let bad = state(&["express@npm:4.22.2", "@scope/x@npm:1.0.0", virtual_one]);
    assert_eq!(
        transcript(&bad),
        "exit 1\n--- stderr\nerror: not in yarn.lock: express@npm:4.22.2\nerror: not in yarn.lock: @scope/x@npm:1.0.0\nhint: run `yarn install` and commit yarn.lock\n"
    );
}

#[test]
fn the_skeleton_check_compares_what_an_install_reads() {
    if !has_node() {
        skip!("no node on the PATH");
    }
    let script = script("skeleton.tar.gz lacks");
    let sandbox = Sandbox::empty();
    let one = json!({"name": "a", "dependencies": {"x": "1", "y": "2"}, "main": "src"});
    sandbox.write("derived/packages/a/package.json", &one.to_string());
    sandbox.write("derived/package.json", "{\"name\": \"root\"}");
    let check = |skeleton: &[(&str, Value)]| {
        let folder = sandbox.path("skeleton");
        std::fs::remove_dir_all(&folder).ok();
        std::fs::create_dir(&folder).unwrap();
        for (name, manifest) in skeleton {
            sandbox.write(&format!("skeleton/packages/{name}/package.json"), &manifest.to_string());
        }
        transcript(&node(&script, &[&sandbox.path("derived"), &folder], &sandbox.repo()))
    };
    let same = json!({"main": "./dist", "name": "a", "dependencies": {"y": "2", "x": "1"}, "version": null});
    let text = check(&[("a", json!({"main": "./dist", "name": "a", "dependencies": {"y": "2", "x": "1"}}))]);
    assert_eq!(text, "exit 0\n--- stdout\nskeleton.tar.gz: 1 manifests, as installed\n");
    let text = check(&[("a", same), ("b", json!({"name": "b"}))]);
    assert!(text.starts_with("exit 1\n") && text.contains("also holds packages/b/package.json"), "{text}");
    let text = check(&[("a", json!({"name": "a", "dependencies": {"x": "1", "y": "3"}}))]);
    assert!(text.contains("error: packages/a/package.json: \"dependencies\" is not what was installed"), "{text}");
    let text = check(&[]);
    assert!(text.contains("error: skeleton.tar.gz lacks packages/a/package.json"), "{text}");
}

/// Numbers that are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn one_of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// A manifest with about half of all fields that matter, in any order.
    fn manifest(&mut self) -> Value {
        let maps =
            || vec![json!({}), json!({"left-pad": "^1.0.0"}), json!({"b": "workspace:^", "a": "npm:x@1", "@s/ü": "*"})];
        let scripts = || {
            vec![
                json!({}),
                json!({"lint": "eslint", "build": "x"}),
                json!({"postinstall": "node 'it''s'", "lint": "x", "install": "", "preinstall": "p"}),
                json!({"prepack": "x", "postinstall": "y"}),
            ]
        };
        let publish = vec![
            json!({}),
            json!({"access": "public", "registry": "https://r", "tag": "next"}),
            json!({"main": "dist/index.cjs.js", "types": "dist/index.d.ts", "access": "public"}),
            json!({"bundled": true, "dependencies": {"z": "1"}, "files": ["dist"]}),
            json!({"bundled": false, "scripts": {"postinstall": "other"}, "license": "MIT"}),
            json!({"exports": {".": {"require": "./dist/index.cjs.js"}}, "bin": null}),
        ];
        let fields: Vec<(&str, Vec<Value>)> = vec![
            ("name", vec![json!("a"), json!("@scope/ä\u{2028}\"quoted\"")]),
            ("version", vec![json!("1.0.0")]),
            ("bundled", vec![json!(true), json!(false)]),
            ("publishConfig", publish),
            ("scripts", scripts()),
            ("dependencies", maps()),
            ("devDependencies", maps()),
            ("optionalDependencies", maps()),
            ("peerDependencies", maps()),
            ("dependenciesMeta", vec![json!({"keytar": {"built": false}})]),
            ("resolutions", maps()),
            ("files", vec![json!(["dist", "*.d.ts"])]),
            ("license", vec![json!("Apache-2.0")]),
            ("sideEffects", vec![json!(false), json!(["*.css"])]),
            ("jest", vec![json!({"x": [1, -2, 1.5]})]),
            ("lint-staged", vec![json!({"*.ts": "eslint"})]),
            ("custom", vec![json!(null), json!([[], {}, 0, "\\"]), json!({"scripts": {"lint": "x"}})]),
            ("bin", vec![json!("x.js"), json!({"x": "y"})]),
        ];
        let mut manifest = serde_json::Map::new();
        for _ in 0..fields.len() {
            let (name, values) = self.one_of(&fields);
            manifest.insert((*name).to_owned(), self.one_of(values).clone());
        }
        Value::Object(manifest)
    }
}

/// The fingerprints are made by Rust and the builds by JavaScript: both must cut manifests down alike.
#[test]
fn manifests_are_reduced_alike_by_the_dockerfile_and_by_the_recipe() {
    if !has_node() {
        skip!("no node on the PATH");
    }
    let sandbox = Sandbox::empty();
    let stages = sandbox.root().join("stages");
    let script = script("fs.writeFileSync");
    assert_eq!(script.matches("\"/stages\"").count(), 1);
    let script = script.replace("\"/stages\"", &json!(stages).to_string());
    let mut chance = Chance(7);
    let manifests: Vec<Value> = (0..400).map(|_| chance.manifest()).collect();
    let folders: Vec<PathBuf> = (0..manifests.len())
        .map(|index| PathBuf::from(if index == 0 { ".".to_owned() } else { format!("p/{index}") }))
        .collect();
    for (index, (folder, manifest)) in folders.iter().zip(&manifests).enumerate() {
        let mark = if index % 5 == 1 { "\u{feff}" } else { "" };
        sandbox.write(folder.join("package.json").to_str().unwrap(), &format!("{mark}{manifest}"));
    }
    for stage in ["install", "production-dependencies"] {
        let start = PathBuf::from(format!("stage={stage}"));
        let arguments: Vec<&Path> = std::iter::once(&start).chain(&folders).map(PathBuf::as_path).collect();
        let output = node(&script, &arguments, &sandbox.repo());
        assert!(output.status.success(), "{}", transcript(&output));
        for (folder, manifest) in folders.iter().zip(&manifests) {
            let text = std::fs::read_to_string(stages.join(stage).join(folder).join("package.json")).unwrap();
            let found: Value = serde_json::from_str(&text).unwrap();
            let is_production = stage != "install" && folder != Path::new(".");
            let expected = if is_production { production_manifest(manifest) } else { install_manifest(manifest) };
            assert_eq!(found, expected, "{stage} of {manifest}");
        }
    }
}

/// Plants files, and compares what the ignore file leaves with the tree.
fn assert_context_is_tree(gitignores: &[(&str, &str)], files: &[&str]) {
    let sandbox = Sandbox::of("demo");
    for (path, text) in gitignores {
        sandbox.write(path, text);
    }
    for path in files {
        sandbox.write(path, "x\n");
    }
    let repo = facts(&sandbox);
    let tree: Vec<&str> = repo.tree.iter().map(|(path, _)| path).collect();
    let [_, text] = render(&sandbox);
    let ignore_file = IgnoreFile::parse(&text);
    let all = files_below(&sandbox.repo());
    let context: Vec<_> = all.iter().map(String::as_str).filter(|path| !ignore_file.ignores(path)).collect();
    let only_in = |these: &[&str], those: &[&str]| {
        these.iter().filter(|path| !those.contains(path)).map(|path| (*path).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(only_in(&context, &tree), Vec::<String>::new(), "in the context and not in the tree\n{text}");
    assert_eq!(only_in(&tree, &context), Vec::<String>::new(), "in the tree and not in the context\n{text}");
}

const PLANTED: &[&str] = &[
    "node_modules/a/index.js",
    "packages/app/node_modules/a/dist/index.js",
    "packages/backend/dist/index.cjs.js",
    "packages/backend/dist/skeleton.tar.gz",
    "plugins/hello/dist/index.esm.js",
    "plugins/hello/src/dist/index.ts",
    "dist-types/index.d.ts",
    "packages/app/x.tsbuildinfo",
    ".env",
    ".env.production",
    "packages/app/.env.local",
    "app-config.local.yaml",
    "packages/backend/app-config.local.yaml",
    "packages/backend/credentials.local.yml",
    ".git/HEAD",
    ".DS_Store",
    "plugins/.DS_Store",
    ".yarn/install-state.gz",
    ".yarn/releases/yarn.cjs",
    "examples/.yarn/install-state.gz",
    "packages/backend/Dockerfile.flightcontrol",
    "packages/backend/Dockerfile",
    "packages/backend/Dockerfile.flightcontrol.dockerignore",
    "coverage/lcov.info",
    "logs/today.log",
    "logs/.gitkeep",
    ".github/workflows/ci.yml",
    "docs/environment.md",
    "docs/.env.md",
];

#[test]
fn the_context_is_the_tree_with_the_demos_own_rules() {
    assert_context_is_tree(&[], PLANTED);
}

#[test]
fn the_context_is_the_tree_without_any_rule() {
    assert_context_is_tree(&[(".gitignore", "")], PLANTED);
    assert_context_is_tree(
        &[(".gitignore", "")],
        &["packages/notes/dist/kept.md", "plugins/dist/kept.md", "dist/kept.md"],
    );
}

#[test]
fn the_context_is_the_tree_with_nested_rules() {
    let rules = [
        ("plugins/hello/.gitignore", "/generated\n*.log\n!keep.log\nsrc/out\n"),
        (".github/.gitignore", "!important.log\n"),
        (".gitignore", "node_modules\ndist\n*.log\n"),
    ];
    let files = [
        "plugins/hello/generated/a.ts",
        "plugins/hello/src/generated/a.ts",
        "plugins/hello/a.log",
        "plugins/hello/keep.log",
        "plugins/hello/src/keep.log",
        "plugins/hello/src/out/a.ts",
        "plugins/hello-common/src/out/a.ts",
        "plugins/hello-common/keep.log",
        "important.log",
        ".github/important.log",
    ];
    assert_context_is_tree(&rules, &files);
}

#[test]
fn the_context_is_the_tree_with_exceptions_from_rules() {
    let rules = ".yarn/*\n!.yarn/releases\n!.yarn/patches\ndist\nnode_modules\n.env.*\n!.env.example\n*.sqlite\n!seed.sqlite\n/secrets/*\n!/secrets/README.md\n";
    let files = [
        ".yarn/cache/a.zip",
        ".yarn/releases/yarn.cjs",
        ".yarn/patches/a.patch",
        ".env.example",
        "packages/app/node_modules/a/seed.sqlite",
        "a.sqlite",
        "packages/backend/seed.sqlite",
        "secrets/key.pem",
        "secrets/README.md",
        "packages/secrets/key.pem",
    ];
    assert_context_is_tree(&[(".gitignore", rules)], &files);
}

/// Git cannot bring back a file from an ignored folder; Docker can.
#[test]
fn the_context_is_the_tree_with_exceptions_in_ignored_folders() {
    let rules = "coverage/\nlogs\n/build\nnode_modules/\n!.gitkeep\n!coverage/keep.txt\n!*.svg\n";
    let files = [
        "coverage/.gitkeep",
        "coverage/keep.txt",
        "packages/app/coverage/a.svg",
        "logs/.gitkeep",
        "build/x/.gitkeep",
        "empty/.gitkeep",
        "scripts/build/x.svg",
    ];
    assert_context_is_tree(&[(".gitignore", rules)], &files);
}

#[test]
fn the_context_is_the_tree_with_unusual_rules() {
    let rules = "# comment\n\\#notes\n\\!shout\n  \nfoo/**\n**/cache\na/**/z\ntmp/ \n*.t?t\nbuild/\n";
    let files = [
        "#notes",
        "!shout",
        "foo/a.ts",
        "docs/foo/a.ts",
        "docs/cache/a.ts",
        "cache/x",
        "a/z/x",
        "a/b/c/z/x",
        "b/a/z/x",
        "tmp/a",
        "docs/tmp/a",
        "docs/a.txt",
        "docs/a.text",
        "packages/app/src/build/a.ts",
    ];
    assert_context_is_tree(&[(".gitignore", rules)], &files);
}

/// `build/` speaks of folders only; Docker has no such pattern.
#[test]
fn a_file_with_the_name_of_an_ignored_folder_stays() {
    assert_context_is_tree(&[(".gitignore", "build/\nbin/\n")], &["scripts/build", "bin/x", "plugins/hello/bin"]);
}
