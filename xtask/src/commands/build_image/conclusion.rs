//! What came of a build, for whoever started it.

use std::fmt::Write;

use anyhow::Result;
use builder::summary::{self, StepLine};
use builder::{FinishedBuild, write_atomically};
use diagnostics::megabytes;
use process::StepState;
use serde_json::json;

use crate::flags::{BuildImage, MessageFormat};
use crate::github;
use crate::output::{MESSAGE_SCHEMA, Printer};

/// A build that succeeded.
pub(super) struct Conclusion<'a> {
    flags: &'a BuildImage,
    built: &'a FinishedBuild,
}

impl<'a> Conclusion<'a> {
    /// What came of a build with these flags.
    pub(super) fn new(flags: &'a BuildImage, built: &'a FinishedBuild) -> Self {
        Self { flags, built }
    }

    /// Prints it, and writes it where that was asked for.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(super) fn print(&self, printer: &Printer) -> Result<()> {
        let FinishedBuild { image, written, steps, is_changed, seconds, report, .. } = self.built;
        let tag = &self.flags.tag;
        printer.clear();
        printer.block(&summary::table(steps, image, tag, *seconds));
        let fields = json!({
            "reference": tag, "image": image, "written": written, "changed": is_changed,
            "steps": steps, "seconds": seconds, "report": report,
        });
        if let Some(file) = &self.flags.result {
            let mut message = json!({ "schema": MESSAGE_SCHEMA, "event": "finished" });
            message
                .as_object_mut()
                .into_iter()
                .for_each(|message| message.extend(fields.as_object().cloned().unwrap_or_default()));
            write_atomically(file, format!("{message:#}\n").as_bytes())?;
        }
        printer.message("finished", fields);
        if printer.format() == MessageFormat::Github {
            github::outputs(&self.outputs())?;
            github::summary(&self.markdown())?;
        }
        written.iter().for_each(|line| printer.data(line));
        Ok(())
    }

    /// A reference by digest says where the image was pushed to.
    fn outputs(&self) -> [(&'static str, &str); 3] {
        let pushed = self.built.written.iter().find_map(|line| Some((line, line.split_once('@')?.1)));
        let (image, digest) = pushed.unwrap_or((&self.flags.tag, &self.built.image.id));
        [("image", image), ("digest", digest), ("changed", if self.built.is_changed { "true" } else { "false" })]
    }

    fn markdown(&self) -> String {
        let mut text = String::from("### Backstage image\n\n| step | |\n|---|---:|\n");
        for StepLine { step, state, seconds } in &self.built.steps {
            let said = match state {
                StepState::Ran => format!("{seconds:.1} s"),
                StepState::Cached => "cached".to_owned(),
                StepState::Failed => "failed".to_owned(),
                StepState::Skipped => "skipped".to_owned(),
            };
            let _ = writeln!(text, "| `{step}` | {said} |");
        }
        let seconds = self.built.seconds;
        let what = if self.built.is_changed { "new" } else { "as before" };
        let (size, layers) = (megabytes(self.built.image.size), self.built.image.layers.len());
        let _ = writeln!(text, "\n`{}`: {size}, {layers} layers, {what}, in {seconds:.1} s", self.flags.tag);
        text
    }
}
