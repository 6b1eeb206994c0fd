//! The texts of sources in a source map (ECMA-426), read in one pass and only as far as they are wanted.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What is wanted of a map.
pub(crate) trait Reader {
    /// What is kept of a source.
    type Kept;
    /// The path of the source that the map calls `name`, when its text is wanted.
    fn path(&self, name: &str) -> Option<String>;
    /// What to keep of it.
    fn read(&self, path: String, text: &str) -> Option<Self::Kept>;
}

/// What `reader` keeps of the sources whose text is in `map`. Nothing, when it is no map, names none that is
/// wanted, has their texts before their names, or a `sourceRoot`.
pub(crate) fn read<R: Reader>(map: &[u8], reader: &R) -> Vec<R::Kept> {
    let mut deserializer = serde_json::Deserializer::from_slice(map);
    deserializer.deserialize_map(Map(reader)).unwrap_or_default()
}

/// A member of a map.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Member {
    Sources,
    SourcesContent,
    SourceRoot,
    #[serde(other)]
    Other,
}

struct Map<'r, R>(&'r R);

impl<'de, R: Reader> Visitor<'de> for Map<'_, R> {
    type Value = Vec<R::Kept>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a source map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut wanted, mut kept) = (Vec::new(), Vec::new());
        while let Some(member) = map.next_key()? {
            match member {
                Member::Sources => {
                    wanted = map.next_value_seed(Names(self.0))?;
                    // An error ends the reading: most maps name nothing but installed packages.
                    if wanted.is_empty() {
                        return Err(A::Error::custom("nothing that is wanted"));
                    }
                }
                Member::SourcesContent => {
                    kept = map.next_value_seed(Texts { reader: self.0, wanted: std::mem::take(&mut wanted) })?;
                }
                Member::SourceRoot if map.next_value::<Option<String>>()?.is_none_or(|root| root.is_empty()) => {}
                Member::SourceRoot => return Err(A::Error::custom("names that mean something else")),
                Member::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(kept)
    }
}

/// Reads `sources`: the wanted ones, by their place in the list.
struct Names<'r, R>(&'r R);

impl<'de, R: Reader> DeserializeSeed<'de> for Names<'_, R> {
    type Value = Vec<(usize, String)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, R: Reader> Visitor<'de> for Names<'_, R> {
    type Value = Vec<(usize, String)>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of names")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Self::Value, A::Error> {
        let mut wanted = Vec::new();
        let mut index = 0;
        while let Some(name) = names.next_element::<Option<String>>()? {
            wanted.extend(name.and_then(|name| self.0.path(&name)).map(|path| (index, path)));
            index += 1;
        }
        Ok(wanted)
    }
}

/// Reads `sourcesContent`.
struct Texts<'r, R> {
    reader: &'r R,
    /// Sorted by place.
    wanted: Vec<(usize, String)>,
}

impl<'de, R: Reader> DeserializeSeed<'de> for Texts<'_, R> {
    type Value = Vec<R::Kept>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, R: Reader> Visitor<'de> for Texts<'_, R> {
    type Value = Vec<R::Kept>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<Self::Value, A::Error> {
        let mut kept = Vec::new();
        let mut index = 0;
        for (place, path) in self.wanted {
            while index < place {
                if texts.next_element::<IgnoredAny>()?.is_none() {
                    return Ok(kept);
                }
                index += 1;
            }
            let Some(text) = texts.next_element::<Option<String>>()? else { return Ok(kept) };
            index += 1;
            kept.extend(text.and_then(|text| self.reader.read(path, &text)));
        }
        while texts.next_element::<IgnoredAny>()?.is_some() {}
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Own;

    impl Reader for Own {
        type Kept = String;

        fn path(&self, name: &str) -> Option<String> {
            name.strip_prefix("../").map(str::to_owned)
        }

        fn read(&self, path: String, text: &str) -> Option<String> {
            (!text.is_empty()).then(|| format!("{path}={text}"))
        }
    }

    fn of(map: &str) -> Vec<String> {
        read(map.as_bytes(), &Own)
    }

    #[test]
    fn wanted_texts_by_place() {
        let map = r#"{"version":3,"sources":["x","../a","../b",null,"../c","../d"],"sourceRoot":"",
            "sourcesContent":["0","1\n",null,"3","","5"],"names":[],"mappings":";;","sourceRoot":null}"#;
        assert_eq!(of(map), ["a=1\n", "d=5"]);
        assert_eq!(of(r#"{"sources":["x","../a"],"sourcesContent":["0"]}"#), [""; 0]);
        assert_eq!(of(r#"{"sources":["../a"],"sourcesContent":["0","1"]}"#), ["a=0"]);
    }

    #[test]
    fn what_cannot_be_told_gives_nothing() {
        let own = r#""sources":["../a"],"sourcesContent":["0"]"#;
        for map in [
            "",
            "[]",
            "{",
            "{}",
            r#"{"sources":["x"],"sourcesContent":["0"]}"#,
            r#"{"sources":["../a"]}"#,
            r#"{"sources":{},"sourcesContent":["0"]}"#,
            r#"{"sourcesContent":["0"],"sources":["../a"]}"#,
            r#"{"version":3,"sections":[{"offset":{"line":0,"column":0},"map":{}}]}"#,
            &format!(r#"{{{own},"sourceRoot":"/x"}}"#),
            &format!(r#"{{"sourceRoot":"/x",{own}}}"#),
            &format!("{{{own}"),
            &format!(r#"{{{own},"x":{}"#, "[".repeat(100_000)),
        ] {
            assert_eq!(of(map), [""; 0], "{map}");
        }
    }
}
