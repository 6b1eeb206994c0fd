//! The good pair of archives, with arbitrary changes: what is fuzzed are the checks, far behind gzip, tar
//! and JSON.

use arbitrary::Arbitrary;

use crate::good::{Item, Pair, tar};
use crate::stream::gzip;
use crate::verification::check;
use crate::words::Words;

/// Longest path and target in a header.
const FIELD: usize = 100;

/// Changes of the good pair.
#[derive(Debug, Arbitrary)]
pub struct Edits {
    skeleton: Vec<Edit>,
    bundle: Vec<Edit>,
    both: Vec<Edit>,
}

/// One change; a number means an entry.
#[derive(Debug, Arbitrary)]
enum Edit {
    Remove(u8),
    Repeat(u8),
    Path(u8, Words),
    Link(u8, Words),
    Flag(u8, Flag),
    Mode(u8, u16),
    /// Something else between two places of an entry's text.
    Text(u8, u16, u8, Words),
    Data(u8, Vec<u8>),
    Add(u8, Words, Words),
    /// An entry that only describes the next one.
    Extension(u8, Flag, Words),
    /// A record of an extended header, with the right length.
    Record(u8, Key, Words),
}

#[derive(Debug, Arbitrary)]
enum Flag {
    Known(u8),
    Other(u8),
}

#[derive(Debug, Arbitrary)]
enum Key {
    Path,
    Link,
    Size,
    Other(Words),
}

/// Verifies the good pair with these changes.
pub fn pair(edits: &Edits) {
    let mut pair = Pair::good();
    for (items, own) in [(&mut pair.skeleton, &edits.skeleton), (&mut pair.bundle, &edits.bundle)] {
        own.iter().chain(&edits.both).for_each(|edit| edit.apply(items));
        *items = items.drain(..).flat_map(with_long_names).collect();
    }
    check(&gzip(&tar(&pair.skeleton)), &gzip(&tar(&pair.bundle)));
}

impl Edit {
    fn apply(&self, items: &mut Vec<Item>) {
        if items.is_empty() {
            return;
        }
        let index = |at: &u8| usize::from(*at) % items.len();
        match self {
            Self::Remove(at) => drop(items.remove(index(at))),
            Self::Repeat(at) => items.push(items[index(at)].clone()),
            Self::Path(at, path) => {
                let at = index(at);
                items[at].path = path.text();
            }
            Self::Link(at, target) => {
                let at = index(at);
                items[at].link = target.text();
            }
            Self::Flag(at, flag) => {
                let at = index(at);
                items[at].flag = flag.byte();
            }
            Self::Mode(at, mode) => {
                let at = index(at);
                items[at].mode = u32::from(*mode);
            }
            Self::Text(at, from, length, words) => {
                let at = index(at);
                replace(&mut items[at].data, usize::from(*from), usize::from(*length), &words.text());
            }
            Self::Data(at, data) => {
                let at = index(at);
                items[at].data.clone_from(data);
            }
            Self::Add(at, path, text) => items.insert(index(at), Item::file(&path.text(), text.text())),
            Self::Extension(at, flag, text) => {
                let item = Item { data: text.text().into_bytes(), ..Item::of("extension", flag.byte()) };
                items.insert(index(at), item);
            }
            Self::Record(at, key, value) => {
                let item = Item { data: record(&key.text(), &value.text()).into_bytes(), ..Item::of("record", b'x') };
                items.insert(index(at), item);
            }
        }
    }
}

impl Flag {
    fn byte(&self) -> u8 {
        const KNOWN: &[u8] = b"0123456LKxg";
        match self {
            Self::Known(number) => KNOWN[usize::from(*number) % KNOWN.len()],
            Self::Other(byte) => *byte,
        }
    }
}

impl Key {
    fn text(&self) -> String {
        match self {
            Self::Path => "path".to_owned(),
            Self::Link => "linkpath".to_owned(),
            Self::Size => "size".to_owned(),
            Self::Other(words) => words.text(),
        }
    }
}

fn replace(data: &mut Vec<u8>, from: usize, length: usize, text: &str) {
    let from = from.min(data.len());
    let to = (from + length).min(data.len());
    data.splice(from..to, text.bytes());
}

/// `LENGTH KEY=VALUE\n`, where the length counts its own digits.
fn record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let length = (1..20).map(|digits| rest + digits).find(|length| length.to_string().len() == length - rest);
    format!("{} {key}={value}\n", length.unwrap_or_default())
}

/// What does not fit into a header goes into one of its own before it, as GNU tar does.
fn with_long_names(mut item: Item) -> Vec<Item> {
    let mut items = Vec::new();
    for (field, flag) in [(&mut item.path, b'L'), (&mut item.link, b'K')] {
        if field.len() > FIELD {
            items.push(Item { data: std::mem::take(field).into_bytes(), ..Item::of("././@LongLink", flag) });
        }
    }
    items.push(item);
    items
}
