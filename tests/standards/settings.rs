//! The schema of `xtask.toml`, as an editor's validator applies it.

use serde_json::Value;

use crate::common::tests_folder;
use crate::validator::complaints;

/// What the schema has against settings in TOML.
fn against(texts: &[&str]) -> Vec<Vec<String>> {
    let schema = tests_folder().with_file_name("assets").join("xtask.schema.json");
    let parsed = |text: &&str| serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap();
    complaints(&[schema], &texts.iter().map(parsed).collect::<Vec<Value>>())
}

#[test]
fn the_documented_settings_are_valid_and_others_are_not() {
    let page = tests_folder().with_file_name("docs").join("reference/settings.md");
    let page = std::fs::read_to_string(page).unwrap();
    let example = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(against(&[example, ""]), [Vec::<String>::new(), Vec::new()]);
    for wrong in against(&[
        "[runtimes]",
        "[runtime]\npakages = []",
        "[runtime]\npackages = [\"A B\"]",
        "[techdocs]\nenabled = 1",
        "[flightcontrol]\nssl = \"never\"",
        "[flightcontrol]\nmin-instances = -1",
    ]) {
        assert_eq!(wrong.len(), 1, "{wrong:?}");
    }
}
