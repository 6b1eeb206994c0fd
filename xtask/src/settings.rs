//! From flags to what a build is told.

use std::time::Duration;

use anyhow::Result;
use builder::{
    BootSettings, BuildSettings, DocumentSettings, EmbeddedSettings, EngineChoice, EngineRequest, Gates,
    OutputSettings, Reuse, Wants,
};
use diagnostics::Baseline;
use image::Compression;

use crate::baseline;
use crate::exit::WrongUsage;
use crate::flags::{self, BootFlags, BuildImage, CompressionMethod, EmbeddedFlags, OutputPlaces, RuntimeKind};

/// What a build is told.
pub(crate) fn build(flags: &BuildImage) -> Result<BuildSettings> {
    let outputs = &flags.outputs;
    Ok(BuildSettings {
        tag: flags.tag.clone(),
        base: flags.base.clone(),
        ca_file: flags.ca_file.clone(),
        artifacts: flags.artifacts.clone(),
        reuse: if flags.no_cache { Reuse::Nothing } else { Reuse::Unchanged },
        boot: asked_boot(flags)?,
        accepted: accepted(flags)?,
        documents: DocumentSettings { sbom: flags.sbom.clone(), provenance: flags.provenance.clone() },
        outputs: OutputSettings {
            places: outputs.output.clone(),
            load: outputs.load,
            push: outputs.push.clone(),
            attest: outputs.attest,
        },
        embedded: self::embedded(flags),
    })
}

/// Which engine a build is to have.
pub(crate) fn engine(flags: &BuildImage) -> EngineRequest<'_> {
    EngineRequest {
        engine: match flags.engine {
            flags::EngineChoice::Auto => EngineChoice::Auto,
            flags::EngineChoice::Docker => EngineChoice::Docker,
            flags::EngineChoice::Embedded => EngineChoice::Embedded,
        },
        builder: flags.builder.as_deref(),
        wants: if flags.embedded != EmbeddedFlags::default() {
            Wants::Embedded
        } else if flags.outputs != OutputPlaces::default() {
            Wants::Outputs
        } else {
            Wants::Any
        },
    }
}

/// How an image is started.
pub(crate) fn boot(flags: &BootFlags) -> BootSettings {
    BootSettings {
        timeout: flags.timeout.map(Duration::from_secs),
        memory: flags.memory,
        database_url: flags.database_url.clone(),
        env: flags.env.clone(),
        env_file: flags.env_file.clone(),
    }
}

/// How the image of a build is started, when that is asked for.
fn asked_boot(flags: &BuildImage) -> Result<Option<BootSettings>> {
    if !flags.boot && flags.boot_flags != BootFlags::default() {
        return Err(WrongUsage::new("the options under \"Boot\" in `build-image --help` are for a build with --boot")
            .hint("add `--boot`")
            .into());
    }
    Ok(flags.boot.then(|| boot(&flags.boot_flags)))
}

/// The findings that the files named by `--baseline` accept, of archives and images alike.
fn accepted(flags: &BuildImage) -> Result<Baseline> {
    let mut all = Baseline::default();
    for file in &flags.baseline {
        all.extend(baseline::read(file, &["verify-artifacts", "verify-image IMAGE"])?);
    }
    Ok(all)
}

fn embedded(flags: &BuildImage) -> EmbeddedSettings {
    let embedded = &flags.embedded;
    EmbeddedSettings {
        node: flags.node.clone(),
        runtime: embedded.runtime.map(|kind| match kind {
            RuntimeKind::Minimal => builder::RuntimeKind::Minimal,
            RuntimeKind::Slim => builder::RuntimeKind::Slim,
        }),
        compression: embedded.compression.map(|method| match method {
            CompressionMethod::Gzip => Compression::Gzip,
            CompressionMethod::Zstd => Compression::Zstd,
        }),
        mirrors: embedded.mirror.clone(),
        keep: embedded.keep.clone(),
        gates: if embedded.no_typecheck { Gates::Open } else { Gates::Closed },
        explain: embedded.explain,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::flags::{Cli, Command};

    fn flags(line: &str) -> BuildImage {
        let line = ["xtask", "build-image"].into_iter().chain(line.split_whitespace());
        let Command::BuildImage(flags) = Cli::parse_from(line).command else { panic!("another command") };
        *flags
    }

    #[test]
    fn flags_become_settings() {
        let flags = flags("--tag a:1 --no-cache --keep all --runtime slim --push r/a:1 --boot --timeout 7");
        let settings = build(&flags).unwrap();
        assert_eq!((settings.tag.as_str(), settings.reuse), ("a:1", Reuse::Nothing));
        assert_eq!(settings.embedded.keep, ["all"]);
        assert_eq!(settings.embedded.runtime, Some(builder::RuntimeKind::Slim));
        assert_eq!(settings.outputs.push.as_deref(), Some("r/a:1"));
        assert_eq!(settings.boot.unwrap().timeout, Some(Duration::from_secs(7)));
        assert_eq!(engine(&flags).wants, Wants::Embedded);
    }

    #[test]
    fn options_of_a_boot_need_one() {
        let error = build(&flags("--timeout 7")).unwrap_err();
        assert!(error.is::<WrongUsage>() && error.to_string().ends_with("hint: add `--boot`"), "{error}");
        assert!(build(&flags("")).unwrap().boot.is_none() && engine(&flags("")).wants == Wants::Any);
        assert_eq!(engine(&flags("--push r/a:1")).wants, Wants::Outputs);
    }
}
