//! What a check may look at, and how it says what it found.

pub(crate) use diagnostics::FindingText;
use diagnostics::{At, Finding, FindingKind};

use super::notes::{Content, Note};
use super::{Budget, node};
use crate::document::ImageConfig;
use crate::read::{ImageTree, Node};

/// The image, and what is expected of it.
pub(crate) struct Context<'a> {
    pub(crate) subject: &'a str,
    pub(crate) config: &'a ImageConfig,
    pub(crate) tree: &'a ImageTree<Note>,
    pub(crate) budget: &'a Budget,
}

/// A Node in the image.
pub(crate) struct NodeProgram<'a> {
    pub(crate) path: &'a str,
    pub(crate) architecture: &'a str,
    pub(crate) version: Option<String>,
}

impl<'a> Context<'a> {
    /// The working directory, without slashes at either end.
    pub(crate) fn folder(&self) -> &'a str {
        self.config.config.working_dir.trim_matches('/')
    }

    /// The program and its arguments.
    pub(crate) fn command(&self) -> Vec<&'a str> {
        self.config.config.argv()
    }

    /// What a variable of the image is set to.
    pub(crate) fn variable(&self, name: &str) -> Option<&'a str> {
        self.config.config.env.iter().find_map(|text| text.strip_prefix(name)?.strip_prefix('='))
    }

    /// The folders in which programs are looked for.
    pub(crate) fn search_path(&self) -> Vec<&'a str> {
        let path = self.variable("PATH").unwrap_or("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        path.split(':').filter(|folder| folder.starts_with('/')).collect()
    }

    /// What was remembered of the files, by path.
    pub(crate) fn notes(&self) -> impl Iterator<Item = (&'a str, &'a Content)> {
        self.tree.files().filter_map(|(path, node)| Some((path, &node.note.as_ref()?.content)))
    }

    /// The text of a file, through links.
    pub(crate) fn text(&self, path: &str) -> Option<&'a str> {
        text(self.tree.resolve("", path)?.1)
    }

    /// Every Node: hard links to one count once.
    pub(crate) fn nodes(&self) -> Vec<NodeProgram<'a>> {
        let programs = self.tree.files().filter(|(_, node)| !node.is_hard_link).filter_map(|(path, node)| {
            let Content::Node { architecture, version } = &node.note.as_ref()?.content else { return None };
            let version = version.clone().or_else(|| self.version_beside(path));
            Some(NodeProgram { path, architecture, version })
        });
        programs.collect()
    }

    /// The version by the headers that lie beside a program, else by the variable of Node's images.
    fn version_beside(&self, program: &str) -> Option<String> {
        let header = self.header(program).and_then(node::node_version_of_header);
        header.or_else(|| self.variable("NODE_VERSION").map(str::to_owned))
    }

    fn header(&self, program: &str) -> Option<&'a str> {
        let prefix = program.rsplit_once('/')?.0.strip_suffix("bin")?;
        self.text(&format!("{prefix}include/node/node_version.h"))
    }

    /// `NODE_MODULE_VERSION` of the only Node there is.
    pub(crate) fn module_version(&self) -> Option<u32> {
        let [program] = &self.nodes()[..] else { return None };
        let header = self.header(program.path).and_then(|header| node::defined(header, "MODULE_VERSION"));
        header.or_else(|| node::module_version(program.version.as_deref()?))
    }

    /// A finding about this image.
    pub(crate) fn finding(&self, kind: FindingKind, entry: Option<&str>, text: FindingText<'_>) -> Finding {
        kind.finding(At { entry, ..At::subject(self.subject) }, text)
    }
}

pub(crate) fn text(node: &Node<Note>) -> Option<&str> {
    match &node.note.as_ref()?.content {
        Content::Text(text) => Some(text),
        _ => None,
    }
}
