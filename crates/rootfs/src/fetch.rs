//! Files from mirrors and registries, through curl, kept by hash.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use process::{EngineError, Interrupt, Invocation, Reporter, fs};

use crate::digest::Hash;
use crate::environment::with_proxies;

/// A file to have.
#[derive(Debug, Clone)]
pub(crate) struct Download {
    /// What it is, for people.
    pub(crate) what: String,
    /// Where it is.
    pub(crate) address: String,
    /// What it must be.
    pub(crate) hash: Hash,
}

/// Fetches through curl, with the proxies of the environment.
pub(crate) struct Fetcher<'a> {
    /// Files by hash.
    pub(crate) folder: PathBuf,
    /// Certificates to trust, in PEM form.
    pub(crate) ca_file: Option<PathBuf>,
    /// Stops it.
    pub(crate) interrupt: &'a Interrupt,
    /// Is told about each file.
    pub(crate) reporter: &'a dyn Reporter,
}

/// Begins the name of the folder that files are fetched into.
const PARTIAL: &str = "partial-";
/// curl's exit code for a server whose certificate nobody known has signed.
const UNTRUSTED: &str = "60";
/// curl's exit code for a file that it cannot write to.
const UNWRITABLE: &str = "23";
/// What a registry answers when it has no such file.
const GONE: [&str; 2] = ["404", "410"];

impl Fetcher<'_> {
    /// Where a file is once it was fetched.
    pub(crate) fn path(&self, hash: &Hash) -> PathBuf {
        self.folder.join(hash.hex())
    }

    /// Fetches what is not there yet, or is damaged. `gone` says what to do about a file that the server
    /// no longer has.
    ///
    /// # Errors
    /// curl is missing, a file cannot be fetched, or is not what it must be.
    pub(crate) fn fetch(&self, wanted: &[Download], headers: &[String], gone: &str) -> Result<(), EngineError> {
        let (_lock, partial) = self.begin()?;
        let missing: Vec<&Download> = wanted.iter().filter(|file| !file.hash.fits(&self.path(&file.hash))).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let transfers = missing.iter().enumerate();
        let transfers: Vec<_> =
            transfers.map(|(index, file)| (file.address.as_str(), partial.join(index.to_string()))).collect();
        let answers = self.curl(&transfers, headers)?;
        self.keep(&missing, &transfers, &answers, gone)?;
        fs::remove(&partial)
    }

    /// Fetches a file that has no hash yet, such as a registry's answer; nothing when the server has none.
    ///
    /// # Errors
    /// curl is missing, or the file cannot be fetched.
    pub(crate) fn text(&self, what: &str, address: &str, headers: &[String]) -> Result<Option<String>, EngineError> {
        let (_lock, partial) = self.begin()?;
        let file = partial.join("0");
        let answers = self.curl(&[(address, file.clone())], headers)?;
        let answer = answers.get(&file).map(String::as_str);
        match answer.and_then(|answer| answer.split_once(' ')) {
            Some(("0", "200")) => {
                std::fs::read_to_string(&file).map(Some).map_err(EngineError::io(format!("reading {what}")))
            }
            // Stores of objects forbid what they do not have.
            Some((_, "403" | "404" | "410")) => Ok(None),
            _ => Err(self.not_fetched(what, address, answer, "")),
        }
    }

    /// Takes the folder for this process, and gives an empty one in it. What a killed process left there
    /// is gone.
    fn begin(&self) -> Result<(File, PathBuf), EngineError> {
        fs::create(&self.folder)?;
        let lock = fs::lock(&self.folder.join("lock"), self.interrupt)?;
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
                fs::remove(&entry.path())?;
            }
        }
        // Each process has its own, as the curl of a killed one may still write.
        let partial = self.folder.join(format!("{PARTIAL}{}", std::process::id()));
        fs::create(&partial)?;
        Ok((lock, partial))
    }

    /// Runs one curl for all; gives for each file curl's exit code and the server's answer.
    fn curl(
        &self,
        transfers: &[(&str, PathBuf)],
        headers: &[String],
    ) -> Result<BTreeMap<PathBuf, String>, EngineError> {
        let config = configuration(self.ca_file.as_deref(), transfers, headers);
        // Not as arguments, which are for everybody to see.
        let command = with_proxies(Invocation::new(curl()?).args(["--config", "-"])).input(config.into_bytes());
        let mut answers = BTreeMap::new();
        let result = command.stream(None, self.interrupt, |line| match answer(line) {
            Some((file, answer)) => {
                answers.insert(file, answer);
            }
            None => crate::say(self.reporter, line),
        });
        match result {
            Err(error) if !matches!(error, EngineError::Failed { .. }) || answers.is_empty() => Err(error),
            _ => Ok(answers),
        }
    }

    /// Verifies what came, and gives it its name.
    fn keep(
        &self,
        wanted: &[&Download],
        transfers: &[(&str, PathBuf)],
        answers: &BTreeMap<PathBuf, String>,
        gone: &str,
    ) -> Result<(), EngineError> {
        for (file, (address, path)) in wanted.iter().zip(transfers) {
            let answer = answers.get(path).map(String::as_str);
            if answer != Some("0 200") {
                return Err(self.not_fetched(&file.what, address, answer, gone));
            }
            if !file.hash.fits(path) {
                return Err(EngineError::Missing {
                    what: format!("{} is not what the lock names", file.what),
                    details: vec![format!("from {address}"), format!("expected the hash {}", file.hash.hex())],
                    hint: "a proxy, mirror or registry changed it: fetch it through another one".to_owned(),
                });
            }
            std::fs::rename(path, self.path(&file.hash)).map_err(EngineError::io("naming a download"))?;
        }
        Ok(())
    }

    fn not_fetched(&self, what: &str, address: &str, answer: Option<&str>, gone: &str) -> EngineError {
        if answer.is_some_and(|answer| answer.split(' ').next() == Some(UNWRITABLE)) {
            return EngineError::Missing {
                what: format!("cannot write {what} to {}: its disk is full or failing", self.folder.display()),
                details: Vec::new(),
                hint: "make room there, or name another folder with `--state-dir DIR`".to_owned(),
            };
        }
        not_fetched(what, address, answer, gone)
    }
}

pub(crate) fn curl() -> Result<PathBuf, EngineError> {
    which::which("curl").map_err(|_| EngineError::Missing {
        what: "curl is missing".to_owned(),
        details: vec!["it fetches Debian packages and Node (Debian: curl)".to_owned()],
        hint: "install it, or name an image with `--base IMAGE`".to_owned(),
    })
}

fn not_fetched(what: &str, address: &str, answer: Option<&str>, gone: &str) -> EngineError {
    let (code, status) = answer.and_then(|answer| answer.split_once(' ')).unwrap_or(("", ""));
    let is_gone = GONE.contains(&status);
    let found = match status {
        _ if is_gone => "the server has no such file".to_owned(),
        _ if code == UNTRUSTED => "this machine does not trust its certificate".to_owned(),
        "" | "000" | "200" => format!("no answer, or a cut one (exit code {code} of curl)"),
        status => format!("the server answered {status}"),
    };
    let reach = "check the network, HTTP_PROXY and HTTPS_PROXY, `--ca-file FILE` and `--mirror URL`";
    EngineError::Missing {
        what: format!("cannot fetch {what}"),
        details: vec![format!("from {address}"), found],
        hint: if is_gone { gone.to_owned() } else { reach.to_owned() },
    }
}

/// curl's config file: each value is quoted, and quotes in it escaped.
fn configuration(ca_file: Option<&Path>, transfers: &[(&str, PathBuf)], headers: &[String]) -> String {
    let mut text = "silent\nshow-error\nno-progress-meter\nfail\nlocation\nparallel\nparallel-max = 8\nretry = 3\n\
        connect-timeout = 20\nspeed-limit = 100\nspeed-time = 60\n\
        write-out = \"done %{exitcode} %{http_code} %{filename_effective}\\n\"\n"
        .to_owned();
    let mut line = |name: &str, value: &str| text += &setting(name, value);
    for header in headers {
        line("header", header);
    }
    if let Some(file) = ca_file {
        line("cacert", &file.display().to_string());
    }
    for (address, file) in transfers {
        line("url", address);
        line("output", &file.display().to_string());
    }
    text
}

/// A line of curl's config file.
pub(crate) fn setting(name: &str, value: &str) -> String {
    format!("{name} = \"{}\"\n", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Reads a line that `write-out` made.
fn answer(line: &str) -> Option<(PathBuf, String)> {
    let mut words = line.strip_prefix("done ")?.splitn(3, ' ');
    let (code, status, file) = (words.next()?, words.next()?, words.next()?);
    Some((PathBuf::from(file), format!("{code} {status}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curl_gets_its_secrets_quoted() {
        let transfers = [("http://a.example/b", PathBuf::from("/state/\"x\""))];
        let text = configuration(None, &transfers, &["authorization: Bearer secret".to_owned()]);
        assert!(text.contains("header = \"authorization: Bearer secret\"\n"), "{text}");
        assert!(text.ends_with("url = \"http://a.example/b\"\noutput = \"/state/\\\"x\\\"\"\n"), "{text}");
    }

    #[test]
    fn an_answer_names_its_file() {
        let (file, answer) = answer("done 22 404 /state/with space/1").unwrap();
        assert_eq!((file, answer.as_str()), (PathBuf::from("/state/with space/1"), "22 404"));
    }

    #[test]
    fn a_file_that_is_gone_and_one_out_of_reach_want_different_things() {
        let error = not_fetched("libc6", "http://a.example/l", Some("22 404"), "update").to_string();
        assert!(error.ends_with("no such file\n  hint: update"), "{error}");
        let error = not_fetched("libc6", "http://a.example/l", Some("6 000"), "update").to_string();
        assert!(error.contains("exit code 6 of curl") && error.contains("HTTPS_PROXY"), "{error}");
    }

    struct Silent;

    impl Reporter for Silent {
        fn report(&self, _: &process::Event) {}
    }

    /// A server that has one file, and counts how often it is asked for anything.
    fn server(content: &'static str) -> (String, std::sync::Arc<std::sync::atomic::AtomicU32>) {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let count = std::sync::Arc::<std::sync::atomic::AtomicU32>::default();
        let counter = std::sync::Arc::clone(&count);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 1024];
                let read = stream.read(&mut request).unwrap();
                counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let found = request[..read].starts_with(b"GET /there");
                let (status, body) = if found { ("200 OK", content) } else { ("404 Not Found", "") };
                let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                stream.write_all((head + body).as_bytes()).unwrap();
            }
        });
        (address, count)
    }

    #[test]
    fn what_is_there_is_kept_what_is_damaged_is_fetched_again_and_what_differs_is_refused() {
        if which::which("curl").is_err() {
            return;
        }
        let scratch = tempfile::tempdir().unwrap();
        let (address, count) = server("content");
        let interrupt = Interrupt::default();
        let folder = scratch.path().join("downloads");
        let fetcher = Fetcher { folder, ca_file: None, interrupt: &interrupt, reporter: &Silent };
        let hash = Hash::Sha256(crate::digest::sha256(b"content"));
        let wanted = |path: &str, hash: &Hash| Download {
            what: "it".to_owned(),
            address: format!("{address}/{path}"),
            hash: hash.clone(),
        };
        let asked = || count.load(std::sync::atomic::Ordering::Relaxed);
        fetcher.fetch(&[wanted("there", &hash)], &[], "").unwrap();
        fetcher.fetch(&[wanted("there", &hash)], &[], "").unwrap();
        assert_eq!((std::fs::read(fetcher.path(&hash)).unwrap().as_slice(), asked()), (&b"content"[..], 1));
        std::fs::write(fetcher.path(&hash), "damaged").unwrap();
        fetcher.fetch(&[wanted("there", &hash)], &[], "").unwrap();
        assert_eq!((std::fs::read(fetcher.path(&hash)).unwrap().as_slice(), asked()), (&b"content"[..], 2));
        let other = Hash::Sha256("0".repeat(64));
        let error = fetcher.fetch(&[wanted("there", &other)], &[], "").unwrap_err().to_string();
        assert!(error.starts_with("it is not what the lock names"), "{error}");
        assert!(!fetcher.path(&other).exists());
        let error = fetcher.fetch(&[wanted("gone", &other)], &[], "make it anew").unwrap_err().to_string();
        assert!(error.ends_with("the server has no such file\n  hint: make it anew"), "{error}");
        assert_eq!(fetcher.text("it", &format!("{address}/gone"), &[]).unwrap(), None);
        assert_eq!(fetcher.text("it", &format!("{address}/there"), &[]).unwrap().as_deref(), Some("content"));
    }
}
