//! The kinds of files that can be left out.

use serde::{Deserialize, Serialize};

/// A kind of files that nothing reads at run time. Sizes are those of a new app's production tree, of 432 MB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PruneClass {
    /// `.map` beside JavaScript, CSS and declarations in `node_modules` (73 MB). Stack traces of dependencies
    /// then name the built file.
    SourceMaps,
    /// `.map` in the `dist` of the user's own packages. A backend serves those of its frontend to everybody.
    AppSourceMaps,
    /// `.d.ts`, `.d.mts` and `.d.cts` (108 MB), unless a `configSchema` is written in TypeScript.
    TypeDeclarations,
    /// Sources in TypeScript and Flow beside their JavaScript (11 MB). Node runs none in `node_modules`.
    TypescriptSources,
    /// What building native addons left: objects, dependency lists, make files (21 MB).
    NativeBuildLeftovers,
    /// Sources of native addons in C and C++, and their build descriptions (16 MB).
    NativeSources,
    /// Prebuilt addons for other systems, processors and C libraries (5 MB).
    ForeignPrebuilds,
    /// Markdown at the top of a package: read-me files and change logs, never licences (17 MB).
    Markdown,
    /// Folders of tests, documentation and examples at the top of a package that nothing in it leads to (7 MB).
    TestsAndDocs,
    /// The packages `typescript` and `ts-json-schema-generator`, when only Backstage's config loader asks for
    /// them and no `configSchema` is written in TypeScript (24 MB).
    ConfigSchemaCompiler,
}

impl PruneClass {
    /// Every class.
    pub const ALL: [Self; 10] = [
        Self::SourceMaps,
        Self::AppSourceMaps,
        Self::TypeDeclarations,
        Self::TypescriptSources,
        Self::NativeBuildLeftovers,
        Self::NativeSources,
        Self::ForeignPrebuilds,
        Self::Markdown,
        Self::TestsAndDocs,
        Self::ConfigSchemaCompiler,
    ];

    /// Its name for people and machines, as it is serialized.
    pub fn name(self) -> &'static str {
        match self {
            Self::SourceMaps => "source-maps",
            Self::AppSourceMaps => "app-source-maps",
            Self::TypeDeclarations => "type-declarations",
            Self::TypescriptSources => "typescript-sources",
            Self::NativeBuildLeftovers => "native-build-leftovers",
            Self::NativeSources => "native-sources",
            Self::ForeignPrebuilds => "foreign-prebuilds",
            Self::Markdown => "markdown",
            Self::TestsAndDocs => "tests-and-docs",
            Self::ConfigSchemaCompiler => "config-schema-compiler",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_is_serialized() {
        for class in PruneClass::ALL {
            assert_eq!(serde_json::to_value(class).unwrap(), class.name());
        }
    }
}
