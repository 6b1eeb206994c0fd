//! A small image with nothing wrong, made by code, to be damaged.

use diagnostics::{Baseline, Finding};
use image::{
    Budget, Compression, ImageSpec, ImageVerification, LayerFiles, Layout, Owner, StoredImage, verify_image,
    write_image, write_layer,
};
use monorepo::NodeVersion;

use crate::elf::{AMD64, Elf};

pub(crate) const NODE: Owner = Owner { uid: 1000, gid: 1000 };
pub(crate) const ADDON: &str = "app/node_modules/addon/build/Release/addon.node";
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

/// An image in the making.
pub(crate) struct Fixture {
    pub(crate) base: LayerFiles,
    pub(crate) app: LayerFiles,
    /// Layers above these.
    pub(crate) more: Vec<LayerFiles>,
    pub(crate) spec: ImageSpec,
    pub(crate) budget: Budget,
}

/// An addon that the image can load.
pub(crate) fn addon() -> Elf<'static> {
    Elf {
        machine: AMD64,
        needed: &["libstdc++.so.6", "libc.so.6"],
        versions: &[("libc.so.6", "GLIBC_2.34"), ("libstdc++.so.6", "GLIBCXX_3.4")],
        defines: &[],
        symbols: &["node_register_module_v137"],
    }
}

/// A program that says it is Node.
pub(crate) fn node(machine: u16, version: &str) -> Vec<u8> {
    let text = format!("https://nodejs.org/download/release/v{version}/node-v{version}-headers.tar.gz\0");
    [Elf { machine, ..Elf::default() }.bytes(), text.into_bytes()].concat()
}

impl Fixture {
    pub(crate) fn good() -> Self {
        let command = ["node", "packages/backend", "--config", "app-config.yaml"];
        let spec = ImageSpec {
            architecture: "amd64".to_owned(),
            user: "1000:1000".to_owned(),
            env: vec!["PATH=/usr/local/bin:/usr/bin".to_owned()],
            working_dir: "/app".to_owned(),
            cmd: command.map(str::to_owned).into(),
            ..ImageSpec::default()
        };
        let node = NodeVersion { major: 24, version: "24".to_owned(), source: ".nvmrc".to_owned() };
        let mut fixture = Self {
            base: LayerFiles::new(),
            app: LayerFiles::new(),
            more: Vec::new(),
            spec,
            budget: Budget { node: Some(node), max_size: Some(1 << 20) },
        };
        fixture.fill_base();
        fixture.fill_app();
        fixture
    }

    fn fill_base(&mut self) {
        self.base.add_directory("tmp", 0o1777, Owner::ROOT).unwrap();
        self.base.add_bytes("usr/local/bin/node", node(AMD64, "24.21.0"), 0o755, Owner::ROOT).unwrap();
        self.base("etc/passwd", "root:x:0:0::/:\nnode:x:1000:1000::/:\n");
        self.base("var/lib/dpkg/status.d/libc6", "Package: libc6\nVersion: 2.41-12\n");
        self.base("usr/share/doc/libc6/copyright", "GNU");
        let library = |defines| Elf { machine: AMD64, defines, ..Elf::default() }.bytes();
        let files = [
            ("libc.so.6", library(&["GLIBC_2.2.5", "GLIBC_2.34"])),
            ("libstdc++.so.6.0.33", library(&["GLIBCXX_3.4"])),
        ];
        for (name, bytes) in files {
            self.base.add_bytes(format!("{LIBRARIES}/{name}"), bytes, 0o644, Owner::ROOT).unwrap();
        }
        let link = format!("{LIBRARIES}/libstdc++.so.6");
        self.base.add_symlink(link, "libstdc++.so.6.0.33", Owner::ROOT).unwrap();
        self.base.add_symlink("lib", "usr/lib", Owner::ROOT).unwrap();
    }

    fn fill_app(&mut self) {
        self.app("app/app-config.yaml", "app: {}");
        self.app("app/packages/backend/dist/index.cjs.js", "start()");
        self.app("app/node_modules/addon/package.json", r#"{"name": "addon", "version": "1.2.3"}"#);
        self.app("app/node_modules/addon/migrations/1_first.js", "");
        self.app.add_bytes(ADDON, addon().bytes(), 0o755, NODE).unwrap();
    }

    /// Adds a file of the base.
    pub(crate) fn base(&mut self, path: &str, text: impl Into<Vec<u8>>) {
        self.base.add_bytes(path, text, 0o644, Owner::ROOT).unwrap();
    }

    /// Adds a file of the app.
    pub(crate) fn app(&mut self, path: &str, text: impl Into<Vec<u8>>) {
        self.app.add_bytes(path, text, 0o644, NODE).unwrap();
    }

    /// The same without a file.
    pub(crate) fn without(mut self, path: &str) -> Self {
        for files in [&mut self.base, &mut self.app] {
            let mut rest = LayerFiles::new();
            files.iter().filter(|(other, _)| *other != path.as_bytes()).for_each(|(path, entry)| {
                rest.add(std::str::from_utf8(path).unwrap(), entry.clone()).unwrap();
            });
            *files = rest;
        }
        self
    }

    /// Writes the image into a layout.
    pub(crate) fn write(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::create(folder.path()).unwrap();
        let layer = |files: &LayerFiles| write_layer(&layout, files, Compression::Gzip, 0).unwrap();
        let layers = [&self.base, &self.app].into_iter().chain(&self.more).map(layer).collect();
        write_image(&layout, &ImageSpec { layers, ..self.spec.clone() }, "app:1").unwrap();
        folder
    }

    pub(crate) fn verify(&self) -> ImageVerification {
        let folder = self.write();
        let image = StoredImage::in_folder(folder.path(), None).unwrap();
        verify_image("app:1", &image, None, &self.budget, &Baseline::default()).unwrap()
    }

    pub(crate) fn verify_against(&self, other: &Self) -> ImageVerification {
        let (folder, other) = (self.write(), other.write());
        let open = |folder: &tempfile::TempDir| StoredImage::in_folder(folder.path(), Some("app:1")).unwrap();
        verify_image("app:1", &open(&folder), Some(&open(&other)), &self.budget, &Baseline::default()).unwrap()
    }

    /// The image has this finding and no other.
    pub(crate) fn has(&self, code: &str, entry: Option<&str>, expected: &str, found: &str) {
        only(&self.verify().findings, code, entry, expected, found);
    }
}

/// There is this finding and no other.
pub(crate) fn only(findings: &[Finding], code: &str, entry: Option<&str>, expected: &str, found: &str) {
    let [finding] = findings else { panic!("{findings:#?}") };
    assert_eq!((finding.code, finding.subject.as_str(), finding.entry.as_deref()), (code, "app:1", entry));
    assert_eq!((finding.expected.as_str(), finding.found.as_str()), (expected, found));
    assert!(!finding.next.is_empty());
}
