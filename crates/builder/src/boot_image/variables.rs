//! The variables that a configuration needs, from settings, a file and the database.

use std::ffi::OsString;

use anyhow::Result;
use diagnostics::{Failed, Message, WrongUsage};

use crate::settings::BootSettings;

/// The variables of the file, and over them those of the settings.
pub(crate) fn read(settings: &BootSettings) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    if let Some(file) = &settings.env_file {
        let reading = format!("reading {}", file.display());
        let doing = Message::new(reading).hint("name another file with `--env-file FILE`");
        let text = std::fs::read_to_string(file).map_err(Failed::from_cause(doing))?;
        for (index, line) in text.lines().map(str::trim).enumerate() {
            if !line.is_empty() && !line.starts_with('#') {
                found.push(parse(line, &format!("{}:{}", file.display(), index + 1))?);
            }
        }
    }
    for text in &settings.env {
        found.push(parse(text, "--env")?);
    }
    Ok(found)
}

/// `NAME=VALUE`, or `NAME` for the value that this process has.
fn parse(text: &str, place: &str) -> Result<(String, String), WrongUsage> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, std::env::var(text).ok()),
    };
    let is_name =
        !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-:".contains(letter));
    match value {
        // A value may be a secret: no message shows it.
        _ if !is_name => Err(WrongUsage::new(format!("{place}: expected NAME=VALUE, found no name"))),
        None => {
            let text = format!("{place}: {name} is not set here");
            Err(WrongUsage::new(text).hint(format!("export it, or give `{name}=VALUE`")))
        }
        Some(value) => Ok((name.to_owned(), value)),
    }
}

/// Fills in `${NAME}` where a value refers to a variable of the database, and gives all of them: later ones win.
pub(crate) fn all(database: &[(String, String)], own: &[(String, String)]) -> Vec<(String, OsString)> {
    let filled = |value: &str| {
        database.iter().fold(value.to_owned(), |value, (name, known)| value.replace(&format!("${{{name}}}"), known))
    };
    let own: Vec<_> = own.iter().map(|(name, value)| (name.clone(), filled(value))).collect();
    let is_given = |name: &String| own.iter().any(|(given, _)| given == name);
    let kept = database.iter().filter(|(name, _)| !is_given(name)).cloned().collect::<Vec<_>>();
    kept.into_iter().chain(own).map(|(name, value)| (name, value.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn flags_come_after_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "# tokens\nA=1\n\nB=x=y\n").unwrap();
        let settings = BootSettings {
            env: vec!["A=2".to_owned()],
            env_file: Some(file.path().to_owned()),
            ..BootSettings::default()
        };
        assert_eq!(read(&settings).unwrap(), [pair("A", "1"), pair("B", "x=y"), pair("A", "2")]);
    }

    #[test]
    fn what_is_no_variable_is_refused_without_its_value() {
        let error = parse("=hush", "--env").unwrap_err().to_string();
        assert_eq!(error, "--env: expected NAME=VALUE, found no name");
        let error = parse("NO_SUCH_VARIABLE_HERE", "vars:3").unwrap_err().to_string();
        assert!(error.starts_with("vars:3: NO_SUCH_VARIABLE_HERE is not set here"), "{error}");
        assert_eq!(parse("PATH", "--env").unwrap().1, std::env::var("PATH").unwrap());
    }

    #[test]
    fn other_names_for_the_database_are_filled_in() {
        let database = vec![pair("POSTGRES_HOST", "127.0.0.1"), pair("POSTGRES_PASSWORD", "hush")];
        let own = [pair("DB_URL", "${POSTGRES_HOST}/${POSTGRES_PASSWORD}"), pair("POSTGRES_HOST", "elsewhere")];
        let expected = [("POSTGRES_PASSWORD", "hush"), ("DB_URL", "127.0.0.1/hush"), ("POSTGRES_HOST", "elsewhere")];
        assert_eq!(all(&database, &own), expected.map(|(name, value)| (name.to_owned(), value.into())));
    }
}
