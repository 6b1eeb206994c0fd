//! A Dockerfile, whoever wrote it. One that we rendered and nobody edited brings its files about by scripts, which
//! these checks cannot follow: it is right by construction, and `render --check` says whether it is the present one.

mod command;
mod copies;
mod stages;
mod yarn;

use diagnostics::{Finding, FindingKind};
use recipe::is_as_rendered;

use super::Dockerfile;
use super::codes::UNREADABLE;
use super::context::{Context, FindingText, finding};
use super::ignore_file::IgnoreFile;
use super::instructions::{self, Instruction, Stage};

/// A Dockerfile that could be read.
struct File<'a> {
    context: &'a Context<'a>,
    path: &'a str,
    stages: Vec<Stage>,
    ignored: IgnoreFile,
    /// Rendered by us and not edited.
    is_rendered: bool,
}

pub(super) fn check(context: &Context<'_>, dockerfile: &Dockerfile) -> Vec<Finding> {
    let Dockerfile { file, ignore_file } = dockerfile;
    let stages = match instructions::stages(&file.text) {
        Ok(stages) => stages,
        Err((line, found)) => {
            let text = FindingText { expected: "a Dockerfile", found: &found, next: "fix the line" };
            return vec![finding(UNREADABLE, &file.path, line, text)];
        }
    };
    let ignored = ignore_file.as_ref().map(|file| IgnoreFile::parse(&file.text)).unwrap_or_default();
    let file = File { context, path: &file.path, stages, ignored, is_rendered: is_as_rendered(&file.text) };
    CHECKS.iter().flat_map(|check| check(&file)).collect()
}

const CHECKS: &[fn(&File<'_>) -> Vec<Finding>] = &[
    command::command,
    copies::copies,
    yarn::options,
    yarn::settings,
    stages::compilers,
    stages::user,
    stages::node,
    stages::platform,
    stages::secrets,
];

impl File<'_> {
    fn finding(&self, kind: FindingKind, line: usize, expected: &str, found: &str, next: &str) -> Finding {
        finding(kind, self.path, line, FindingText { expected, found, next })
    }

    /// A stage and those it begins from, the outermost first.
    fn chain(&self, index: usize) -> Vec<&Stage> {
        let mut chain = vec![&self.stages[index]];
        let mut below = index;
        while let Some(found) = self.stage(&self.stages[below].base, below) {
            below = found;
            chain.insert(0, &self.stages[below]);
        }
        chain
    }

    /// The earlier stage of a name or number.
    fn stage(&self, name: &str, before: usize) -> Option<usize> {
        let is_it = |stage: &Stage| stage.name.as_deref() == Some(&name.to_lowercase());
        self.stages[..before].iter().rposition(is_it).or_else(|| name.parse().ok().filter(|index| *index < before))
    }

    fn last(&self) -> Vec<&Stage> {
        self.chain(self.stages.len() - 1)
    }

    /// The instructions of the deployed stage, those it begins with first.
    fn deployed(&self) -> impl DoubleEndedIterator<Item = &Instruction> {
        self.last().into_iter().flat_map(|stage| &stage.instructions)
    }

    fn all(&self) -> impl Iterator<Item = &Instruction> {
        self.stages.iter().flat_map(|stage| &stage.instructions)
    }
}
