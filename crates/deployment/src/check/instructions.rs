//! A Dockerfile as instructions and stages. What it does not know it hands on as it is written: BuildKit is the one
//! who refuses (docs.docker.com/reference/dockerfile).

/// One instruction with its continuation lines joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Instruction {
    /// Its first line, from 1.
    pub(crate) line: usize,
    /// In capitals.
    pub(crate) keyword: String,
    /// `--name=value`, as name and value.
    pub(crate) flags: Vec<(String, String)>,
    /// What follows the flags; of here-documents their text, too.
    pub(crate) arguments: String,
}

/// A stage: what follows a `FROM`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stage {
    /// The line of its `FROM`.
    pub(crate) line: usize,
    /// `AS name`, in lower case.
    pub(crate) name: Option<String>,
    /// The image or stage below, with the defaults of global arguments filled in.
    pub(crate) base: String,
    /// `--platform`.
    pub(crate) platform: Option<String>,
    /// What it does.
    pub(crate) instructions: Vec<Instruction>,
}

impl Instruction {
    /// The value of a flag.
    pub(crate) fn flag(&self, name: &str) -> Option<&str> {
        self.flags.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The arguments as words: those of a JSON list, else what white space separates.
    pub(crate) fn words(&self) -> Vec<String> {
        let list = serde_json::from_str::<Vec<String>>(&self.arguments);
        list.unwrap_or_else(|_| self.arguments.split_whitespace().map(str::to_owned).collect())
    }
}

/// The stages of a Dockerfile, and the `ARG`s before the first of them.
///
/// # Errors
/// The line, and what is wrong there.
pub(crate) fn stages(text: &str) -> Result<Vec<Stage>, (usize, String)> {
    let mut arguments: Vec<(String, String)> = Vec::new();
    let mut stages: Vec<Stage> = Vec::new();
    for instruction in instructions(text) {
        match (instruction.keyword.as_str(), stages.last_mut()) {
            ("FROM", _) => stages.push(stage(&instruction, &arguments)?),
            ("ARG", None) => {
                let pairs = instruction.words().into_iter().filter_map(|word| {
                    word.split_once('=').map(|(name, value)| (name.to_owned(), unquoted(value).to_owned()))
                });
                arguments.extend(pairs);
            }
            (_, Some(stage)) => stage.instructions.push(instruction),
            (keyword, None) => return Err((instruction.line, format!("{keyword} before any FROM"))),
        }
    }
    if stages.is_empty() { Err((1, "no FROM".to_owned())) } else { Ok(stages) }
}

fn stage(from: &Instruction, arguments: &[(String, String)]) -> Result<Stage, (usize, String)> {
    let words = from.words();
    let base = words.first().ok_or_else(|| (from.line, "FROM without an image".to_owned()))?;
    let name = match words.get(1).map(|word| word.to_lowercase()).as_deref() {
        None => None,
        Some("as") if words.len() == 3 => Some(words[2].to_lowercase()),
        Some(_) => return Err((from.line, format!("FROM {}", from.arguments))),
    };
    let platform = from.flag("platform").map(|platform| filled(platform, arguments));
    Ok(Stage { line: from.line, name, base: filled(base, arguments), platform, instructions: Vec::new() })
}

/// `$NAME`, `${NAME}` and `${NAME:-default}` replaced, where the value is known.
fn filled(text: &str, arguments: &[(String, String)]) -> String {
    let known = |name: &str| arguments.iter().rfind(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let mut result = text.to_owned();
    if let Some((before, rest)) = text.split_once("${") {
        if let Some((inner, after)) = rest.split_once('}') {
            let (name, fallback) = inner.split_once(":-").map_or((inner, None), |(name, value)| (name, Some(value)));
            if let Some(value) = known(name).or(fallback) {
                result = format!("{before}{value}{after}");
            }
        }
    } else if let Some((before, rest)) = text.split_once('$') {
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
        if let Some(value) = known(&rest[..end]) {
            result = format!("{before}{value}{}", &rest[end..]);
        }
    }
    result
}

pub(crate) fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}

/// The instructions of a Dockerfile.
fn instructions(text: &str) -> Vec<Instruction> {
    let escape = escape(text);
    let mut lines = text.lines().enumerate();
    let mut instructions = Vec::new();
    while let Some((index, line)) = lines.next() {
        if is_blank(line) {
            continue;
        }
        let mut whole = String::new();
        let mut line = line;
        while let Some(start) = line.trim_end().strip_suffix(escape) {
            whole += start;
            // Comments and empty lines inside of an instruction say nothing.
            match lines.by_ref().map(|(_, line)| line).find(|line| !is_blank(line)) {
                Some(next) => line = next,
                None => line = "",
            }
        }
        whole += line;
        for delimiter in here_documents(&whole) {
            for (_, line) in lines.by_ref() {
                if line.trim_start_matches('\t') == delimiter {
                    break;
                }
                whole += "\n";
                whole += line;
            }
        }
        instructions.push(instruction(index + 1, whole.trim()));
    }
    instructions
}

fn is_blank(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

/// The `escape` directive, which only comments may come before.
fn escape(text: &str) -> char {
    let directives = text.lines().take_while(|line| line.starts_with('#'));
    let values = directives.filter_map(|line| {
        let (name, value) = line[1..].split_once('=')?;
        name.trim().eq_ignore_ascii_case("escape").then(|| value.trim() == "`")
    });
    if values.into_iter().next() == Some(true) { '`' } else { '\\' }
}

fn instruction(line: usize, whole: &str) -> Instruction {
    let (keyword, mut rest) = whole.split_once(char::is_whitespace).unwrap_or((whole, ""));
    let mut flags = Vec::new();
    rest = rest.trim_start();
    while let Some(flag) = rest.strip_prefix("--") {
        let end = flag.find(char::is_whitespace).unwrap_or(flag.len());
        let (name, value) = flag[..end].split_once('=').unwrap_or((&flag[..end], ""));
        flags.push((name.to_owned(), unquoted(value).to_owned()));
        rest = flag[end..].trim_start();
    }
    Instruction { line, keyword: keyword.to_uppercase(), flags, arguments: rest.to_owned() }
}

/// The delimiters of here-documents that an instruction begins.
fn here_documents(whole: &str) -> Vec<String> {
    let keyword = whole.split_whitespace().next().unwrap_or_default().to_uppercase();
    if !["RUN", "COPY", "ADD"].contains(&keyword.as_str()) {
        return Vec::new();
    }
    let words = whole.split_whitespace().filter_map(|word| word.strip_prefix("<<"));
    let names = words.map(|word| unquoted(word.trim_start_matches('-')));
    let is_name =
        |name: &&str| !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    names.filter(is_name).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_joined_and_stages_found() {
        let text = "# a comment\nARG NODE=24\nfrom --platform=linux/amd64 node:${NODE}-slim as Build\nRUN --mount=type=cache,target=/a one \\\n  # inside\n\n  && two\nFROM build\nCMD [\"node\", \"a b\"]\n";
        let stages = stages(text).unwrap();
        assert_eq!(stages.len(), 2);
        assert_eq!(
            (stages[0].base.as_str(), stages[0].name.as_deref(), stages[0].line),
            ("node:24-slim", Some("build"), 3)
        );
        assert_eq!(stages[0].platform.as_deref(), Some("linux/amd64"));
        let run = &stages[0].instructions[0];
        assert_eq!(
            (run.line, run.flag("mount"), run.arguments.as_str()),
            (4, Some("type=cache,target=/a"), "one   && two")
        );
        assert_eq!(stages[1].instructions[0].words(), ["node", "a b"]);
    }

    #[test]
    fn a_here_document_is_no_instructions() {
        let text = "FROM a\nRUN <<EOF\nFROM b\nEOF\nUSER x\n";
        let stages = stages(text).unwrap();
        assert_eq!(stages.len(), 1);
        assert_eq!(stages[0].instructions.len(), 2);
        assert!(stages[0].instructions[0].arguments.contains("FROM b"));
    }

    #[test]
    fn another_escape_and_defaults() {
        let stages = stages("# escape=`\nARG A\nFROM ${A:-node:22}\nRUN a `\n b\n").unwrap();
        assert_eq!((stages[0].base.as_str(), stages[0].instructions[0].arguments.as_str()), ("node:22", "a  b"));
        assert_eq!(super::stages("RUN a\n").unwrap_err().0, 1);
        assert_eq!(super::stages("").unwrap_err().1, "no FROM");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(FROM|RUN|COPY|<<|E|\\\\|\n|#|=|--|\\$\\{|\\}|é| |\"|a){0,40}") {
            let _ = stages(&text);
        }

        #[test]
        fn where_lines_are_broken_does_not_matter(words in prop::collection::vec("[a-z&|./-]{1,8}", 1..8), breaks in prop::collection::vec(any::<bool>(), 8)) {
            let mut text = "FROM x\nRUN".to_owned();
            for (word, is_broken) in words.iter().zip(breaks) {
                text += if is_broken { " \\\n" } else { " " };
                text += word;
            }
            let stages = stages(&text).unwrap();
            let run = &stages[0].instructions[0];
            let found: Vec<_> = run.arguments.split_whitespace().map(str::to_owned).collect();
            let flags = words.iter().take_while(|word| word.starts_with("--")).count();
            prop_assert_eq!(&found, &words[flags..]);
        }
    }
}
