//! The configuration files that the command names.

use diagnostics::Finding;

use crate::codes::NO_CONFIG;
use crate::verify::context::{Context, FindingText};

/// `--config FILE` without its file.
pub(crate) fn missing(context: &Context<'_>) -> Vec<Finding> {
    let is_there = |name: &&str| context.tree.resolve(context.folder(), name).is_some_and(|(_, node)| node.is_file());
    let lacking = config_files(&context.command()).into_iter().filter(|name| !is_there(name));
    let finding = |name: &str| {
        let expected = format!("the file {name} of the command, from {}", context.config.config.working_dir);
        let next = "copy it in the Dockerfile, let its ignore file pass it, or take it out of the command";
        context.finding(NO_CONFIG, Some(name), FindingText { expected: &expected, found: "no such file", next })
    };
    lacking.map(finding).collect()
}

/// The files that a command names by `--config`, in order; a command of a shell is one word of many. An address
/// is fetched at run time, and a variable is known only then.
pub fn config_files<'a>(command: &[&'a str]) -> Vec<&'a str> {
    let words: Vec<&str> = command.iter().flat_map(|word| word.split_whitespace()).collect();
    let apart = words.windows(2).filter(|pair| pair[0] == "--config").map(|pair| pair[1]);
    let joined = words.iter().filter_map(|word| word.strip_prefix("--config="));
    let unquoted = |word: &'a str| word.trim_matches(['"', '\'', ';']);
    apart.chain(joined).map(unquoted).filter(|name| !name.contains('$') && !name.contains("://")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_either_form_and_of_a_shell() {
        assert_eq!(config_files(&["node", "x", "--config", "a", "--config=b", "--config"]), ["a", "b"]);
        assert_eq!(config_files(&["node", "--config", "a.yaml", "--config", "https://c/d.yaml"]), ["a.yaml"]);
        assert_eq!(config_files(&["sh", "-c", "exec node x --config 'a.yaml' --config $B"]), ["a.yaml"]);
    }
}
