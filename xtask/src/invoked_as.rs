//! What to type to start this program again.

use std::borrow::Cow;
use std::path::Path;
use std::sync::OnceLock;

/// By the alias of this workspace, as all texts have it.
const BY_CARGO: &str = "cargo xtask";
/// As `cargo install` leaves it.
const INSTALLED: &str = env!("CARGO_BIN_NAME");

/// How this program is started: by cargo from its sources, or by itself.
pub(crate) fn name() -> &'static str {
    static NAME: OnceLock<&str> = OnceLock::new();
    NAME.get_or_init(|| {
        let built_here = std::env::current_exe().is_ok_and(|program| is_in_target_folder(&program));
        if built_here { BY_CARGO } else { INSTALLED }
    })
}

/// A text of ours for people, with the commands in it as they can be typed here.
pub(crate) fn in_text(text: &str) -> Cow<'_, str> {
    match name() {
        BY_CARGO => Cow::Borrowed(text),
        name => Cow::Owned(text.replace(BY_CARGO, name)),
    }
}

/// Cargo marks its target folder for backup programs; a program is one or two folders below (`--target`).
fn is_in_target_folder(program: &Path) -> bool {
    program.ancestors().skip(2).take(2).any(|folder| folder.join("CACHEDIR.TAG").is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_in_a_target_folder_is_started_by_cargo() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("CACHEDIR.TAG"), "").unwrap();
        for below in ["debug/it", "x86_64-unknown-linux-musl/release/it"] {
            assert!(is_in_target_folder(&folder.path().join(below)), "{below}");
        }
        assert!(!is_in_target_folder(Path::new("/usr/local/bin/it")));
    }
}
