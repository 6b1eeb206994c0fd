//! What is said of a build.

use anyhow::Result;
use containers::LocalImage;
use sandbox::Build;
use serde_json::json;

use super::{SIZES, Session};
use crate::commands::build_image::conclusion::Conclusion;
use crate::commands::build_image::pruning;

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
        Conclusion::new(self.flags, &self.recipe, image, written, self.story).tell()?;
        self.explain_size();
        Ok(())
    }
}
