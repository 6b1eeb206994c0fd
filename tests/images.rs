//! The command line of the verifiers of images, on images made by code.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use common::{Sandbox, transcript};
use image::{
    Compression, DockerArchive, ImageSpec, LayerFiles, Layout, Owner, export_docker_archive, write_image, write_layer,
};
use serde_json::Value;

const NODE: Owner = Owner { uid: 1000, gid: 1000 };
/// The first bytes of a program for amd64, and where Node tells its version.
const PROGRAM: &[u8] =
    b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40\0\0\0\0\0\x40\0\0\0\0\0node-v24.21.0-";
/// The files of the repository's production workspace, apart from its manifests.
const BUILT: &[(&str, &str)] = &[
    ("packages/app/dist/index.html", "<script src=\"/static/main.js\"></script>"),
    ("packages/app/dist/index.html.tmpl", "<script src=\"/static/main.js\"></script>"),
    ("packages/app/dist/static/main.js", "start()"),
    ("packages/app/dist/.config-schema.json", "{}"),
    ("packages/backend/dist/index.cjs.js", "start()"),
    ("plugins/one-backend/dist/index.cjs.js", "plugin()"),
];

/// A manifest as the Backstage CLI packs it: what is bundled has no dependencies, an entry point is a built file.
fn packed(text: &str) -> String {
    let mut manifest: Value = serde_json::from_str(text).unwrap();
    let fields = manifest.as_object_mut().unwrap();
    if fields.contains_key("bundled") {
        fields.retain(|name, _| !name.to_lowercase().ends_with("dependencies"));
    }
    if fields.contains_key("main") {
        fields.insert("main".to_owned(), "dist/index.cjs.js".into());
    }
    manifest.to_string()
}

/// A repository, and beside it the layout of an image of it.
fn with_image(change: impl FnOnce(&mut LayerFiles)) -> Sandbox {
    let sandbox = Sandbox::of("minimal");
    let mut files = LayerFiles::new();
    files.add_directory("tmp", 0o1777, Owner::ROOT).unwrap();
    files.add_bytes("usr/local/bin/node", PROGRAM, 0o755, Owner::ROOT).unwrap();
    for path in ["package.json", "packages/backend/package.json", "yarn.lock", "app-config.yaml"] {
        files.add_bytes(format!("app/{path}"), sandbox.read(path), 0o644, NODE).unwrap();
    }
    for path in ["packages/app/package.json", "plugins/one-backend/package.json"] {
        files.add_bytes(format!("app/{path}"), packed(&sandbox.read(path)), 0o644, NODE).unwrap();
    }
    for (path, text) in BUILT {
        files.add_bytes(format!("app/{path}"), *text, 0o644, NODE).unwrap();
    }
    files.add_bytes("app/packages/app/node_modules/x/.env", "installed", 0o644, NODE).unwrap();
    change(&mut files);
    let layout = Layout::create(sandbox.root().join("image")).unwrap();
    let spec = ImageSpec {
        architecture: "amd64".to_owned(),
        user: "1000".to_owned(),
        working_dir: "/app".to_owned(),
        cmd: ["node", "packages/backend", "--config", "app-config.yaml"].map(str::to_owned).into(),
        layers: vec![write_layer(&layout, &files, Compression::Gzip, 0).unwrap()],
        ..ImageSpec::default()
    };
    write_image(&layout, &spec, "app:1").unwrap();
    sandbox
}

fn place(sandbox: &Sandbox) -> String {
    format!("oci:{}", sandbox.root().join("image").display())
}

/// Exit code and standard output.
fn run(sandbox: &Sandbox, arguments: &[&str]) -> (i32, String) {
    let output = sandbox.run(arguments);
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_good_image_passes_both() {
    let sandbox = with_image(|_| {});
    let image = place(&sandbox);
    let (code, table) = run(&sandbox, &["verify-image", &image, "--fail-on", "note"]);
    assert!(code == 0 && table.contains("linux/amd64, Node 24.21.0"), "{table}");
    let (code, table) = run(&sandbox, &["verify-artifacts", "--image", &format!("{image}:app:1"), "--fail-on", "note"]);
    assert_eq!((code, table), (0, format!("artifacts in {image}:app:1\n")));
}

#[test]
fn an_image_needs_no_repository() {
    let sandbox = with_image(|_| {});
    let mut command = sandbox.command(&["verify-image", &place(&sandbox), "--message-format", "json"]);
    let output = command.current_dir("/").output().unwrap();
    let message: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", transcript(&output)));
    assert_eq!((&message["event"], &message["sound"]), (&"image".into(), &true.into()));
    assert_eq!(message["verification"]["summary"]["node"], "24.21.0");
}

#[test]
fn a_finding_has_every_form() {
    let sandbox = with_image(|files| files.add_bytes("app/packages/backend/key.js", "", 0o600, NODE).unwrap());
    let image = place(&sandbox);
    let (code, table) = run(&sandbox, &["verify-image", &image]);
    assert!(
        code == 1 && table.contains(&format!("error BI007 {image}: app/packages/backend/key.js\n  found mode 0600"))
    );
    let (code, lines) = run(&sandbox, &["verify-image", &image, "--message-format", "github"]);
    assert!(
        code == 1 && lines.starts_with("::error file=packages/backend/package.json,line=2,title=BI007::"),
        "{lines}"
    );
    let (_, log) = run(&sandbox, &["verify-image", &image, "--message-format", "sarif"]);
    let log: Value = serde_json::from_str(&log).unwrap();
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "BI007");
    assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][6]["id"], "BI007");
    let mut elsewhere = sandbox.command(&["verify-image", &image, "--message-format", "sarif"]);
    let output = elsewhere.current_dir("/").output().unwrap();
    let log: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(log["runs"][0]["results"][0]["locations"][0]["physicalLocation"].is_null(), "no repository, no place");
}

#[test]
fn warnings_fail_when_asked_to() {
    let sandbox = with_image(|files| files.add_bytes("usr/bin/gcc", "", 0o755, Owner::ROOT).unwrap());
    let image = place(&sandbox);
    assert_eq!(run(&sandbox, &["verify-image", &image]).0, 0);
    assert_eq!(run(&sandbox, &["verify-image", &image, "--fail-on", "warning"]).0, 1);
    assert_eq!(run(&sandbox, &["verify-image", &image, "--max-size", "1kB"]).0, 1);
}

#[test]
fn the_app_in_an_image_is_verified_as_the_bundle() {
    let sandbox = with_image(|files| {
        files
            .add_bytes("app/packages/app/dist/index.html", "<script src=\"/static/old.js\"></script>", 0o644, NODE)
            .unwrap();
        files.add_bytes("app/yarn.lock", "another", 0o644, NODE).unwrap();
        files.add_bytes("app/app-config.local.yaml", "app: {}", 0o644, NODE).unwrap();
    });
    let arguments = ["verify-artifacts", "--image", &place(&sandbox), "--message-format", "json"];
    let (code, text) = run(&sandbox, &arguments);
    let message: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let findings = message["verification"]["findings"].as_array().unwrap();
    let codes: Vec<_> = findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect();
    assert_eq!((code, codes), (1, vec!["BX022", "BX028", "BX035"]));
}

#[test]
fn an_image_of_an_engine_leaves_no_file() {
    let sandbox = with_image(|_| {});
    let archive = sandbox.root().join("saved.tar");
    let layout = Layout::open(sandbox.root().join("image")).unwrap();
    let what = DockerArchive { reference: "app:1", tags: &["app:1"], includes: &|_| true };
    export_docker_archive(&layout, &what, &archive).unwrap();
    let program = sandbox.bin().join("docker");
    let script = format!(
        "#!/bin/sh\n[ \"$*\" = \"save app:1\" ] && exec /bin/cat {}\necho no such image >&2\nexit 1\n",
        archive.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let (code, table) = run(&sandbox, &["verify-image", "app:1"]);
    assert!(code == 0 && table.starts_with("image app:1\n"), "{table}");
    let output = sandbox.run(&["verify-image", "app:2"]);
    let text = transcript(&output);
    assert!(
        text.starts_with("exit 3\n") && text.contains("docker: no such image") && text.contains("podman: not on"),
        "{text}"
    );
    assert_eq!(fs::read_dir(sandbox.root().join("home/.cache/backstage-xtask")).unwrap().count(), 0);
}

#[test]
fn wrong_usage_and_damage_have_their_codes() {
    let sandbox = with_image(|_| {});
    for wrong in [&["verify-image", "oci:"][..], &["verify-image", "x", "--max-size", "1TB"], &["verify-image"]] {
        assert_eq!(run(&sandbox, wrong).0, 2, "{wrong:?}");
    }
    fs::remove_dir_all(sandbox.root().join("image/blobs")).unwrap();
    let (code, table) = run(&sandbox, &["verify-image", &place(&sandbox)]);
    assert!(code == 1 && table.contains("error BI005"), "{table}");
}

/// What all commands that read an image say of this one, which each exits with 1 for.
fn refusals(sandbox: &Sandbox, image: &str) -> Vec<String> {
    let good = with_image(|_| {});
    let good = place(&good);
    let commands: [&[&str]; 5] = [
        &["verify-image", image],
        &["verify-image", &good, "--against", image],
        &["verify-artifacts", "--image", image],
        &["config", "--image", image],
        &["boot-image", image, "--database-url", "postgresql://me@127.0.0.1:1/portal"],
    ];
    let said = commands.map(|arguments| {
        let output = sandbox.run(arguments);
        let text = transcript(&output);
        assert!(text.starts_with("exit 1\n"), "{arguments:?}: {text}");
        text
    });
    said.into()
}

#[test]
fn an_image_that_is_not_there_has_one_code() {
    let sandbox = with_image(|_| {});
    for missing in ["oci:/no/such/folder", "oci-archive:/no/such/file", "docker-archive:/no/such/file"] {
        for said in refusals(&sandbox, missing) {
            assert!(said.contains("/no/such/") && said.contains("found") && said.contains("nothing"), "{said}");
        }
    }
    for said in refusals(&sandbox, &format!("{}:other", place(&sandbox))) {
        assert!(said.contains("an image named other"), "{said}");
    }
}

#[test]
fn what_is_no_file_of_the_layout_is_refused_at_once() {
    let outside = tempfile::NamedTempFile::new().unwrap();
    for name in ["oci-layout", "index.json", "manifest"] {
        for make in [fifo, |file: &Path, outside: &Path| symlink(outside, file).unwrap()] {
            let sandbox = with_image(|_| {});
            let folder = sandbox.root().join("image");
            let file = if name == "manifest" { manifest(&folder) } else { folder.join(name) };
            fs::remove_file(&file).unwrap();
            make(&file, outside.path());
            for said in refusals(&sandbox, &place(&sandbox)) {
                assert!(said.contains("a named pipe") || said.contains("a link out of it"), "{name}: {said}");
            }
        }
    }
}

#[test]
fn a_document_without_end_is_refused() {
    for name in ["oci-layout", "index.json", "manifest"] {
        let sandbox = with_image(|_| {});
        let folder = sandbox.root().join("image");
        let file = if name == "manifest" { manifest(&folder) } else { folder.join(name) };
        fs::File::options().write(true).open(&file).unwrap().set_len(1 << 40).unwrap();
        for said in refusals(&sandbox, &place(&sandbox)) {
            assert!(said.contains("found") && said.contains("1099511627776 bytes"), "{name}: {said}");
        }
    }
}

fn fifo(file: &Path, _: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(file).status().unwrap().success());
}

fn manifest(folder: &Path) -> PathBuf {
    let layout = Layout::open(folder).unwrap();
    layout.blob(&layout.image("app:1").unwrap().manifest.digest)
}
