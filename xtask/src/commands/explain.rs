//! `explain`: what a finding means.

use anyhow::Result;
use diagnostics::{FindingKind, nearest};
use serde_json::json;

use crate::exit::WrongUsage;
use crate::flags::Explain;
use crate::invoked_as;
use crate::output::Printer;

pub(crate) fn run(flags: &Explain, printer: &Printer) -> Result<()> {
    match &flags.code {
        None => kinds().for_each(|kind| say(kind, &line(kind), printer)),
        Some(code) => {
            let kind = find(code).ok_or_else(|| unknown(code))?;
            say(kind, kind.page.trim_end(), printer);
        }
    }
    Ok(())
}

/// Every kind of finding there is.
pub(crate) fn kinds() -> impl Iterator<Item = &'static FindingKind> {
    artifacts::CODES.iter().chain(image::CODES).chain(deployment::CODES)
}

fn say(kind: &FindingKind, text: &str, printer: &Printer) {
    printer.message("explanation", json!(kind));
    printer.data(&invoked_as::in_text(text));
}

fn line(kind: &FindingKind) -> String {
    format!("{}  {:<7}  {}", kind.code, kind.severity.name(), kind.title)
}

fn find(code: &str) -> Option<&'static FindingKind> {
    kinds().find(|kind| kind.code.eq_ignore_ascii_case(code))
}

fn unknown(code: &str) -> WrongUsage {
    let wanted = code.to_ascii_uppercase();
    let nearest = nearest(&wanted, kinds().map(|kind| kind.code));
    let code = code.escape_debug();
    WrongUsage::new(format!("no finding has the code {code}; the nearest is {nearest}"))
        .hint("`cargo xtask explain` lists them all")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_code_is_named_and_nothing_reaches_the_terminal() {
        let text = unknown("bx10\u{1b}").to_string();
        assert!(text.starts_with("no finding has the code bx10\\u{1b}; the nearest is BX0"), "{text}");
    }

    #[test]
    fn why_is_the_first_sentence() {
        let whys = ["BX001", "BX030"].map(|code| find(code).unwrap().why());
        assert!(whys[0].starts_with("The image is made from both") && whys[0].ends_with("the bundle is what runs."));
        assert!(whys[1].contains("`http://localhost:7007`") && whys[1].ends_with("`Invalid app bundle schema`."));
    }

    #[test]
    fn codes_are_unique() {
        let mut codes: Vec<_> = kinds().map(|kind| kind.code).collect();
        codes.sort_unstable();
        let count = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }
}
