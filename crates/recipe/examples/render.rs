#![allow(clippy::print_stdout, missing_docs)]
fn main() {
    let root = std::path::PathBuf::from(std::env::args().nth(1).unwrap());
    let repo = monorepo::Monorepo::read(&root, &monorepo::BackendChoice::Only).unwrap_or_else(|e| panic!("{e}"));
    let recipe = recipe::plan(&repo, None);
    if std::env::args().nth(2).is_some() {
        println!("{}", serde_json::to_string_pretty(&recipe).unwrap());
        return;
    }
    for f in recipe::render(&repo, &recipe).unwrap() {
        println!("##### {}\n{}", f.path, f.text);
    }
}
