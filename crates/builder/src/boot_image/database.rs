//! The database that an image is booted with.

use std::path::Path;

use anyhow::Result;
use boot::{self, Endpoint, Postgres, PostgresContainer, PostgresPrograms, Program};
use containers::docker::{self, Docker};
use process::{EngineError, Interrupt};
use sandbox::{self, Bubblewrap, Sandbox};

use super::database_url::DatabaseUrl;

/// Where an image finds it, by either of its sockets' ends.
pub(crate) const HOST: &str = "127.0.0.1";
/// Its port there.
pub(crate) const PORT: u16 = 5432;

/// Where a database comes from.
pub(crate) enum DatabaseSource {
    /// Somebody has one.
    Url(DatabaseUrl),
    /// PostgreSQL's programs on this machine.
    Programs(PostgresPrograms, Bubblewrap),
    /// An image that Docker has.
    Image(Box<Docker>, String),
}

/// A database that answers.
pub(crate) enum Database {
    Url(DatabaseUrl),
    Programs(Postgres),
    Container(PostgresContainer),
}

/// What [`Database::variables`] gives, in this order.
pub(crate) const VARIABLES: [&str; 6] =
    ["POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_CON_STRING", "DATABASE_URL"];

impl DatabaseSource {
    /// The one that is named, else a temporary one.
    pub(crate) fn find(url: Option<&str>) -> Result<Self> {
        if let Some(url) = url {
            return Ok(Self::Url(DatabaseUrl::parse(url)?));
        }
        let programs = PostgresPrograms::find().and_then(|programs| {
            let sandbox = sandbox::find_sandbox()?;
            sandbox.check()?;
            Ok(Self::Programs(programs, sandbox))
        });
        match programs {
            Ok(found) => Ok(found),
            Err(missing) => from_image().ok_or_else(|| none(&missing).into()),
        }
    }

    /// Starts it, or sees whether it answers.
    pub(crate) fn start(&self, folder: &Path, log: &Path, interrupt: &Interrupt) -> Result<Database> {
        Ok(match self {
            Self::Url(url) => {
                url.endpoint.check().map_err(|error| unreachable(&url.endpoint, &error))?;
                Database::Url(url.clone())
            }
            Self::Programs(programs, sandbox) => {
                Database::Programs(Postgres::start(programs, sandbox, folder, log, interrupt)?)
            }
            Self::Image(docker, image) => Database::Container(PostgresContainer::start(docker, image, log, interrupt)?),
        })
    }
}

fn from_image() -> Option<DatabaseSource> {
    let docker = docker::find(None).ok().filter(|docker| boot::ensure_local(docker).is_ok())?;
    let image = PostgresContainer::find_image(&docker)?;
    Some(DatabaseSource::Image(Box::new(docker), image))
}

fn none(programs: &EngineError) -> EngineError {
    let text = programs.text();
    let reasons = text.lines().map(str::trim);
    let no_image = "found no image named postgres in Docker";
    EngineError::Missing {
        what: "there is no PostgreSQL to boot the image with".to_owned(),
        details: reasons.chain([no_image]).map(str::to_owned).collect(),
        hint:
            "install PostgreSQL (Debian and Ubuntu: postgresql) and bubblewrap, or `docker pull postgres:17`, or name \
               one with `--database-url postgresql://USER:PASSWORD@HOST:PORT/NAME`"
                .to_owned(),
    }
}

fn unreachable(endpoint: &Endpoint, error: &std::io::Error) -> EngineError {
    EngineError::Missing {
        what: format!("the database at {endpoint} cannot be reached"),
        details: vec![error.to_string()],
        hint: "start it, fix --database-url, or leave it out to use a temporary one".to_owned(),
    }
}

impl Database {
    /// Whether it is the user's own.
    pub(crate) fn is_given(&self) -> bool {
        matches!(self, Self::Url(_))
    }

    /// Where it listens.
    pub(crate) fn endpoint(&self) -> Endpoint {
        match self {
            Self::Url(url) => url.endpoint.clone(),
            Self::Programs(server) => Endpoint::Socket(server.socket()),
            Self::Container(server) => server.endpoint(),
        }
    }

    /// The server, when it is a program of ours.
    pub(crate) fn program(&self) -> Option<&Program> {
        match self {
            Self::Programs(server) => Some(server.program()),
            Self::Url(_) | Self::Container(_) => None,
        }
    }

    /// The variables by which configurations know a database: those of create-app, and the address as one.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let (user, password) = self.account();
        let (account, rest) = match self {
            Self::Url(url) => (url.account.clone(), url.rest.clone()),
            Self::Programs(_) | Self::Container(_) => (format!("{user}:{password}"), format!("/{}", Postgres::USER)),
        };
        let address = format!("postgresql://{account}@{HOST}:{PORT}{rest}");
        let values = [HOST.to_owned(), PORT.to_string(), user, password, address.clone(), address];
        VARIABLES.iter().map(|name| (*name).to_owned()).zip(values).collect()
    }

    fn account(&self) -> (String, String) {
        match self {
            Self::Url(url) => url.user_and_password(),
            Self::Programs(server) => (Postgres::USER.to_owned(), server.password().to_string_lossy().into_owned()),
            Self::Container(server) => (Postgres::USER.to_owned(), server.password().to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_database_is_where_every_image_finds_it() {
        let url = DatabaseUrl::parse("postgresql://me:x%2Fy@db.example.com:6000/portal?sslmode=require").unwrap();
        let variables = Database::Url(url).variables();
        let value = |name: &str| variables.iter().find(|(known, _)| known == name).unwrap().1.as_str();
        assert_eq!(value("POSTGRES_HOST"), "127.0.0.1");
        assert_eq!(value("POSTGRES_PASSWORD"), "x/y");
        assert_eq!(value("POSTGRES_CON_STRING"), "postgresql://me:x%2Fy@127.0.0.1:5432/portal?sslmode=require");
    }

    #[test]
    fn without_any_all_ways_to_one_are_named() {
        let missing = EngineError::Missing {
            what: "PostgreSQL is missing".to_owned(),
            details: vec!["found no initdb".to_owned()],
            hint: "install it".to_owned(),
        };
        let text = none(&missing).to_string();
        for words in ["PostgreSQL is missing\n  found no initdb\n  found no image", "docker pull", "--database-url"] {
            assert!(text.contains(words), "{words} in {text}");
        }
    }
}
