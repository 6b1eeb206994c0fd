//! What is said of a build.

use anyhow::Result;
use engine::LocalImage;
use engine::embedded::Build;
use serde_json::json;

use super::{SIZES, Session};
use crate::commands::build_image::pruning;
use crate::summary;

impl Session<'_> {
    pub(super) fn explain(&self, build: &Build) {
        let explained = build.explained();
        self.story.explained(explained);
        self.printer.message("explained", json!({ "steps": explained }));
        if self.flags.embedded.explain {
            for (step, reasons) in explained {
                self.printer.block(&format!("{step} ran: {}", reasons.join("; ")));
            }
        }
    }

    fn explain_size(&self) {
        let text = std::fs::read(self.state.path(SIZES)).unwrap_or_default();
        if let Ok(size) = serde_json::from_slice(&text) {
            self.printer.message("sizes", json!(size));
            if self.flags.embedded.explain_size {
                self.printer.block(&pruning::table(&size));
            }
        }
    }

    pub(super) fn finish(&self, image: &LocalImage, written: &[String]) -> Result<()> {
        let steps = &self.story.steps;
        let lines = summary::step_lines(&self.recipe, steps);
        let report = self.story.finish(image)?;
        self.printer.clear();
        self.printer.block(&summary::table(&lines, image, &self.flags.tag, steps.seconds()));
        self.printer.message(
            "finished",
            json!({ "reference": self.flags.tag, "image": image, "written": written, "steps": lines, "seconds": steps.seconds(), "report": report }),
        );
        self.explain_size();
        for line in written {
            self.printer.data(line);
        }
        Ok(())
    }
}
