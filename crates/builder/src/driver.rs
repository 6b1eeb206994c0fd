//! The driver of every build: unchanged? → run → verify the archives → verify the image → boot → publish → name →
//! remember → documents → report. Whatever fails, the image and the archives of before stay as they were.

use std::path::Path;

use anyhow::Result;
use containers::LocalImage;
use diagnostics::BaselineResult;
use image::StoredImage;
use process::EngineError;
use sandbox::Reuse;

use crate::archives;
use crate::backend::{Backend, Built, Job};
use crate::boot_image::Booter;
use crate::context::Context;
use crate::outputs::Publisher;
use crate::result::FinishedBuild;
use crate::shippable::Checked;
use crate::state::LastBuild;
use crate::summary;
use crate::verifier::Verifier;

/// What comes of an image that does not run.
const NOT_TAGGED: &str = ", so it is not tagged";

/// One build, and who does each part of it.
pub(crate) struct Driver<'a, B: Backend> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) backend: B,
    pub(crate) verifier: &'a dyn Verifier,
    /// Runs the image before it gets its name, when that is asked for.
    pub(crate) booter: Option<&'a dyn Booter>,
    pub(crate) publisher: &'a dyn Publisher,
}

/// An image with its name.
pub(crate) struct Named<Image> {
    pub(crate) image: Image,
    pub(crate) local: LocalImage,
    /// Its files, when somebody looked at them.
    pub(crate) stored: Option<StoredImage>,
}

impl<B: Backend> Driver<'_, B> {
    /// Builds, unless nothing changed.
    pub(crate) fn run(mut self) -> Result<FinishedBuild> {
        let scratch = self.context.state.scratch()?;
        let fingerprint = self.backend.fingerprint();
        let named = match self.unchanged(&fingerprint)? {
            Some((image, local)) => self.look_again(image, local, scratch.path())?,
            None => self.build(fingerprint, scratch.path())?,
        };
        let written = self.hand_out(&named, scratch.path())?;
        FinishedBuild::conclude(&self.context.recipe, named.local, written, self.backend.sizes(), self.context.report)
    }

    /// The image of an equal, verified build, when everything it left is still in place.
    fn unchanged(&self, fingerprint: &str) -> Result<Option<(B::Image, LocalImage)>> {
        let Context { settings, repo, state, .. } = self.context;
        let folder = archives::folder(settings, repo);
        let is_equal = |last: &LastBuild| last.fingerprint == fingerprint && last.has_archives_in(&folder);
        match state.last_build().filter(|last| settings.reuse == Reuse::Unchanged && is_equal(last)) {
            Some(last) => self.backend.find(&last),
            None => Ok(None),
        }
    }

    /// Nothing was built, but somebody may want to see it run now, or to know what it holds.
    fn look_again(&self, image: B::Image, local: LocalImage, scratch: &Path) -> Result<Named<B::Image>> {
        let stored = if self.is_listed() { Some(self.backend.open(&image, scratch)??) } else { None };
        self.record_contents(stored.as_ref());
        self.boot(&image, "")?;
        Ok(Named { image, local, stored })
    }

    fn build(&mut self, fingerprint: String, scratch: &Path) -> Result<Named<B::Image>> {
        let Context { settings, repo, state, console, .. } = self.context;
        console.line(&format!("building {} with {}", settings.tag, self.backend.description()));
        let folder = archives::folder(settings, repo);
        let incoming = archives::incoming_folder(&folder)?;
        let verifier = self.verifier;
        let built = self.backend.run(&Job {
            incoming: incoming.path(),
            scratch,
            verify_archives: &|folder| verifier.archives(folder),
        })?;
        let accepted = self.accept(&built, scratch).and_then(|(judged, stored)| {
            self.publisher.archives(incoming.path(), &folder)?;
            Ok((self.backend.name(&built.image)?, judged, stored))
        });
        let (local, judged, stored) = accepted.inspect_err(|_| self.backend.discard(&built.image))?;
        let checked = self.backend.check_key(&built.image).unwrap_or_default();
        state.remember(&LastBuild {
            fingerprint,
            base_id: self.backend.base_id()?,
            checked,
            image_id: local.id.clone(),
            size: local.size,
            archives: built.verification.archives.iter().map(|one| (one.name.clone(), one.sha256.clone())).collect(),
        })?;
        console.block(&summary::outcome(&folder, &built.verification, &judged));
        Ok(Named { image: built.image, local, stored })
    }

    /// Everything that must hold before an image gets its name.
    fn accept(&mut self, built: &Built<B::Image>, scratch: &Path) -> Result<(BaselineResult, Option<StoredImage>)> {
        self.require_uninterrupted()?;
        let (judged, stored) = self.verify(built, scratch)?;
        self.backend.pass_gates()?;
        self.require_uninterrupted()?;
        self.boot(&built.image, NOT_TAGGED)?;
        self.require_uninterrupted()?;
        Ok((judged, stored))
    }

    /// The findings about what was built; an error when one of them forbids to ship it.
    fn verify(&self, built: &Built<B::Image>, scratch: &Path) -> Result<(BaselineResult, Option<StoredImage>)> {
        let Context { settings, recipe, report, .. } = self.context;
        let (judged, stored) = self.judge(&built.image, scratch)?;
        self.record_contents(stored.as_ref());
        let checked = Checked { archives: &built.verification, image: &judged };
        checked.require_shippable(&settings.tag, &built.runs, recipe, report)?;
        Ok((judged, stored))
    }

    fn judge(&self, image: &B::Image, scratch: &Path) -> Result<(BaselineResult, Option<StoredImage>)> {
        if !self.is_listed() && self.is_known(image) {
            return Ok((BaselineResult::default(), None));
        }
        match self.backend.open(image, scratch)? {
            Ok(stored) => Ok((self.verifier.image(Ok(&stored))?, Some(stored))),
            Err(error) => Ok((self.verifier.image(Err(error))?, None)),
        }
    }

    /// Whether all that a check of its files could find was looked at by the last build.
    fn is_known(&self, image: &B::Image) -> bool {
        let Context { settings, state, .. } = self.context;
        let last = state.last_build().filter(|_| settings.reuse == Reuse::Unchanged);
        last.zip(self.backend.check_key(image)).is_some_and(|(last, key)| last.checked == key)
    }

    /// Whether somebody wants to know what the image is made of.
    fn is_listed(&self) -> bool {
        let Context { settings, report, .. } = self.context;
        !settings.documents.sbom.is_empty() || settings.outputs.attest || report.is_wanted()
    }

    /// Notes what is in the image, when somebody wants to know. That it cannot be read is for the verifier to find.
    fn record_contents(&self, stored: Option<&StoredImage>) {
        let stored = stored.filter(|_| self.context.report.is_wanted());
        if let Some(contents) = stored.and_then(|stored| self.verifier.contents(stored).ok()) {
            self.context.report.holds(contents);
        }
    }

    fn boot(&self, image: &B::Image, consequence: &str) -> Result<()> {
        match self.booter {
            Some(booter) => booter.boot(self.backend.bootable(image)?, consequence),
            None => Ok(()),
        }
    }

    fn require_uninterrupted(&self) -> Result<(), EngineError> {
        if self.context.interrupt.is_set() { Err(EngineError::Interrupted) } else { Ok(()) }
    }
}
