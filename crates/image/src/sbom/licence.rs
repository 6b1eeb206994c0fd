//! What packages say of their licences, and which of it is an expression of SPDX (SPDX 2.3, annex D).

use std::collections::BTreeSet;

use serde_json::Value;

/// Identifiers of the SPDX licence list that packages of npm and Debian use; all else is given by its name.
const KNOWN: &[&str] = &[
    "0BSD",
    "AFL-2.1",
    "AGPL-3.0",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "Apache-1.1",
    "Apache-2.0",
    "Artistic-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSD-4-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "CDDL-1.0",
    "EPL-1.0",
    "EPL-2.0",
    "EUPL-1.2",
    "FSFAP",
    "GFDL-1.3-or-later",
    "GPL-1.0-or-later",
    "GPL-2.0",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "ISC",
    "JSON",
    "LGPL-2.0-only",
    "LGPL-2.0-or-later",
    "LGPL-2.1",
    "LGPL-2.1-only",
    "LGPL-2.1-or-later",
    "LGPL-3.0",
    "LGPL-3.0+",
    "LGPL-3.0-only",
    "LGPL-3.0-or-later",
    "MIT",
    "MIT-0",
    "MPL-1.1",
    "MPL-2.0",
    "OFL-1.1",
    "OpenSSL",
    "PSF-2.0",
    "PostgreSQL",
    "Python-2.0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Vim",
    "W3C",
    "WTFPL",
    "X11",
    "Zlib",
];

/// Debian's short names (copyright format 1.0, "License specification") that differ from those of SPDX.
const DEBIAN: &[(&str, &str)] = &[
    ("Apache-2", "Apache-2.0"),
    ("BSD-2-clause", "BSD-2-Clause"),
    ("BSD-3-clause", "BSD-3-Clause"),
    ("BSD-4-clause", "BSD-4-Clause"),
    ("CC0", "CC0-1.0"),
    ("Expat", "MIT"),
    ("GFDL-1.3+", "GFDL-1.3-or-later"),
    ("GPL-1+", "GPL-1.0-or-later"),
    ("GPL-2", "GPL-2.0-only"),
    ("GPL-2+", "GPL-2.0-or-later"),
    ("GPL-3", "GPL-3.0-only"),
    ("GPL-3+", "GPL-3.0-or-later"),
    ("LGPL-2", "LGPL-2.0-only"),
    ("LGPL-2+", "LGPL-2.0-or-later"),
    ("LGPL-2.1+", "LGPL-2.1-or-later"),
    ("LGPL-3", "LGPL-3.0-only"),
    ("LGPL-3+", "LGPL-3.0-or-later"),
    ("zlib", "Zlib"),
];

/// A licence as documents give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Licence {
    /// An identifier of the SPDX list.
    Id(String),
    /// An expression of several.
    Expression(String),
    /// Anything else, as the package says it.
    Name(String),
}

impl Licence {
    /// Reads what a package says.
    pub(super) fn of(text: &str) -> Self {
        let text = text.trim();
        if KNOWN.contains(&text) {
            Self::Id(text.to_owned())
        } else if is_expression(text) {
            Self::Expression(text.to_owned())
        } else {
            Self::Name(text.to_owned())
        }
    }
}

/// Whether it is identifiers with AND, OR and parentheses between them.
fn is_expression(text: &str) -> bool {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let (mut depth, mut wants_operand) = (0_usize, true);
    for word in spaced.split_whitespace() {
        match word {
            "(" if wants_operand => depth += 1,
            ")" if !wants_operand && depth > 0 => depth -= 1,
            "AND" | "OR" if !wants_operand => wants_operand = true,
            word if wants_operand && KNOWN.contains(&word) => wants_operand = false,
            _ => return false,
        }
    }
    depth == 0 && !wants_operand
}

/// What the field `license` of a manifest says: a text, or, long ago, an object or a list of them.
pub(crate) fn stated(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => vec![text.trim().to_owned()],
        Value::Object(fields) => fields.get("type").map(stated).unwrap_or_default(),
        Value::Array(all) => all.iter().flat_map(stated).collect(),
        _ => Vec::new(),
    }
}

/// The licences that a `copyright` of Debian names, when a program can read it.
pub(crate) fn of_debian(copyright: &str) -> BTreeSet<String> {
    if !copyright.starts_with("Format:") {
        return BTreeSet::new();
    }
    let lines = copyright.lines().filter_map(|line| line.strip_prefix("License:"));
    let names = lines.flat_map(|line| line.split(" and ").flat_map(|part| part.split(" or ")));
    let names = names.map(|name| name.trim().trim_end_matches(',')).filter(|name| !name.is_empty());
    names.map(spdx_name).collect()
}

fn spdx_name(name: &str) -> String {
    let known = DEBIAN.iter().find(|(debian, _)| *debian == name);
    known.map_or(name, |(_, spdx)| spdx).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_expression_is_one_as_a_whole() {
        for good in ["MIT OR Apache-2.0", "(MIT AND (ISC OR Zlib))", "(MIT)"] {
            assert_eq!(Licence::of(good), Licence::Expression(good.to_owned()));
        }
        assert_eq!(Licence::of(" MIT "), Licence::Id("MIT".to_owned()));
        for name in ["SEE LICENSE IN x", "MIT OR", "(MIT", "MIT)", "MIT ISC", "BSD", "OR", "()", ""] {
            assert_eq!(Licence::of(name), Licence::Name(name.to_owned()), "{name}");
        }
    }

    #[test]
    fn old_manifests_say_it_otherwise() {
        assert_eq!(stated(&json!([{"type": "MIT", "url": "x"}, "ISC"])), ["MIT", "ISC"]);
        assert_eq!(stated(&json!({"type": "MIT"})), ["MIT"]);
        assert!(stated(&json!(null)).is_empty() && stated(&json!(" ")).is_empty());
    }

    #[test]
    fn debian_has_names_of_its_own() {
        let text = "Format: https://x\nLicense: GPL-2+ and Expat\n text\nLicense: Carnegie\nLicense: MIT or GPL-2+\n";
        assert_eq!(of_debian(text), ["Carnegie", "GPL-2.0-or-later", "MIT"].map(str::to_owned).into());
        assert!(of_debian("License: MIT\n").is_empty());
    }
}
