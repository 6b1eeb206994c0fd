//! What came of a build, for whoever started it.

use std::fmt::Write;

use anyhow::Result;
use containers::LocalImage;
use process::StepState;
use recipe::Recipe;
use serde_json::json;

use crate::files::write_atomically;
use crate::flags::{BuildImage, MessageFormat};
use crate::report::Story;
use crate::summary::{self, StepLine, megabytes};
use crate::{github, output::MESSAGE_SCHEMA};

/// A build that succeeded.
pub(super) struct Conclusion<'a> {
    flags: &'a BuildImage,
    image: &'a LocalImage,
    /// Where the image is, a line each.
    written: &'a [String],
    steps: Vec<StepLine>,
    /// Whether the last build of this name gave another image, or there was none.
    is_changed: bool,
    story: &'a Story<'a>,
}

impl<'a> Conclusion<'a> {
    /// What came of the build that the story is about.
    pub(super) fn new(
        flags: &'a BuildImage,
        recipe: &Recipe,
        image: &'a LocalImage,
        written: &'a [String],
        story: &'a Story<'a>,
    ) -> Self {
        let steps = summary::step_lines(recipe, &story.steps);
        let is_changed = story.previous_image().as_deref() != Some(&image.id);
        Self { flags, image, written, steps, is_changed, story }
    }

    /// Says it, and writes it where that was asked for.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(super) fn tell(&self) -> Result<()> {
        let (story, printer) = (self.story, self.story.printer);
        let report = story.finish(self.image)?;
        let seconds = story.steps.seconds();
        let tag = &self.flags.tag;
        printer.clear();
        printer.block(&summary::table(&self.steps, self.image, tag, seconds));
        let fields = json!({
            "reference": tag, "image": self.image, "written": self.written, "changed": self.is_changed,
            "steps": self.steps, "seconds": seconds, "report": report,
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
            github::summary(&self.markdown(seconds))?;
        }
        self.written.iter().for_each(|line| printer.data(line));
        Ok(())
    }

    /// A reference by digest says where the image was pushed to.
    fn outputs(&self) -> [(&'static str, &str); 3] {
        let pushed = self.written.iter().find_map(|line| Some((line, line.split_once('@')?.1)));
        let (image, digest) = pushed.unwrap_or((&self.flags.tag, &self.image.id));
        [("image", image), ("digest", digest), ("changed", if self.is_changed { "true" } else { "false" })]
    }

    fn markdown(&self, seconds: f64) -> String {
        let mut text = String::from("### Backstage image\n\n| step | |\n|---|---:|\n");
        for StepLine { step, state, seconds } in &self.steps {
            let said = match state {
                StepState::Ran => format!("{seconds:.1} s"),
                StepState::Cached => "cached".to_owned(),
                StepState::Failed => "failed".to_owned(),
            };
            let _ = writeln!(text, "| `{step}` | {said} |");
        }
        let what = if self.is_changed { "new" } else { "as before" };
        let (size, layers) = (megabytes(self.image.size), self.image.layers.len());
        let _ = writeln!(text, "\n`{}`: {size}, {layers} layers, {what}, in {seconds:.1} s", self.flags.tag);
        text
    }
}
