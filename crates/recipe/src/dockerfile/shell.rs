//! Texts as the shell of a Dockerfile's instructions reads them.

use crate::action::Script;
use crate::command_line::shell_quote;
use crate::scripts::script_text;

/// A program and its arguments, which no shell reads.
pub(super) fn exec_form(command: &[String]) -> String {
    serde_json::to_string(command).unwrap_or_default()
}

/// Words for a shell, one on a line.
pub(super) fn continued<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("\\\n      {}", shell_quote(word))).collect::<Vec<_>>().join(" ")
}

/// [`quoted`] of a script of ours.
pub(super) fn quoted_script(script: Script) -> Result<String, minijinja::Error> {
    Ok(quoted(&script_text(script)?))
}

/// A script as one argument in single quotes, its lines continued as a Dockerfile does.
pub(super) fn quoted(script: &str) -> String {
    let lines = script.lines().filter(|line| !line.trim_start().starts_with("//") && !line.trim().is_empty());
    lines.map(|line| format!("\\\n      {}", line.replace('\'', r"'\''"))).collect::<Vec<_>>().join(" ") + " "
}

pub(super) fn secret_mounts(secrets: &[String]) -> String {
    let mounts: Vec<_> = secrets.iter().map(|id| format!("--mount=type=secret,id={id}")).collect();
    mounts.join(" \\\n    ")
}

/// Installs Debian packages by a script for `sh`; its arguments are what apt is told about certificates.
pub(super) fn debian_install(packages: &[String]) -> String {
    [
        "sh -ec 'if [ -f /run/secrets/ca ]; then set -- -o Acquire::https::CAInfo=/run/secrets/ca; fi;",
        "apt-get \"$@\" update;",
        &format!("apt-get \"$@\" install --yes --no-install-recommends {};", packages.join(" ")),
        "rm -rf /var/lib/apt/lists/*' apt-get",
    ]
    .join(" \\\n      ")
}

/// A command in a folder of the app.
pub(super) fn in_folder(folder: &str, line: &str) -> String {
    // An absolute path, since the commands of a step share one shell.
    if folder.is_empty() { line.to_owned() } else { format!("cd {} && {line}", shell_quote(&format!("/app/{folder}"))) }
}
