//! What the program says about repositories, machines and command lines that it cannot work with.
//!
//! A folder of `tests/fixtures/broken` is a test. It holds
//! - `args`: the words of a command line, one a line; an empty line begins the next command;
//! - `expected`: exit code and both streams of each command;
//! - `repo/`: files laid over the minimal repository, or `nothing` where there is to be none;
//! - `delete`: paths to take away from it, one a line;
//! - `bin/`, `bin2/`: programs on the PATH, which is empty otherwise;
//! - `unset`: variables that are not in the environment, one a line;
//! - `folder`: where in the repository to start, when it is not the root;
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]

mod common;

use std::path::Path;

use common::{Sandbox, copy_tree, expect_file, fixture, transcript};

/// A test for each folder, and one that the list is complete.
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        $(#[test] fn $name() { run_case(stringify!($name)); })*

        #[test]
        fn every_folder_is_a_test() {
            let mut listed = vec![$(stringify!($name)),*];
            listed.sort_unstable();
            let folders = std::fs::read_dir(fixture("broken")).unwrap();
            let mut found: Vec<_> = folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect();
            found.sort();
            assert_eq!(listed, found);
        }
    };
}

cases! {
    broken_app_config,
    broken_workspace_glob,
    broken_yarn_settings,
    build_local_address,
    build_missing_include,
    build_uncommitted_config,
    build_unset_variable,
    check_and_force,
    config_required,
    config_with_variables,
    cyclic_workspaces,
    docker_that_prints_nonsense,
    docker_without_daemon,
    empty_app_config,
    engines_not_a_range,
    explain_a_code,
    explain_all_codes,
    explain_unknown_code,
    from_a_subfolder,
    impossible_engines,
    json_failure,
    lockfile_has_more,
    lockfile_has_other_range,
    lockfile_lacks_dependency,
    lockfile_lacks_workspace,
    lockfile_not_a_lockfile,
    lockfile_of_yarn_1,
    lockfile_with_merge_conflict,
    manifest_field_of_wrong_type,
    manifest_is_a_list,
    manifest_not_json,
    missing_workspace_folder,
    no_backend,
    no_docker,
    no_docker_json,
    no_lockfile,
    no_node_linker,
    no_package_manager,
    no_repository,
    no_state_folder,
    no_such_folder,
    no_yarn_settings,
    nvmrc_against_engines,
    package_manager_npm,
    package_manager_range,
    package_manager_yarn_1,
    plug_n_play,
    plugins_of_wrong_type,
    quiet_and_verbose,
    quiet_failure,
    render_cannot_write,
    render_check_missing,
    render_twice,
    root_manifest_empty,
    root_manifest_not_json,
    settings_file_missing,
    settings_package_without_version,
    settings_unknown_name,
    sarif_elsewhere,
    state_folder_is_a_file,
    techdocs_in_containers,
    token_in_npmrc,
    token_in_yarn_settings,
    two_backends,
    two_dockers_that_do_not_work,
    two_workspaces_of_one_name,
    unknown_backend,
    unknown_command,
    unknown_flag,
    verify_baseline,
    verify_fail_on,
    verify_garbage,
    verify_github,
    verify_no_archives,
    verify_no_archives_json,
    verify_wrong_baseline,
    workspace_without_name,
    workspaces_of_wrong_type,
    yarn_path_missing,
}

fn run_case(name: &str) {
    let case = fixture("broken").join(name);
    let sandbox = prepare(&case);
    let mut found = String::new();
    for (index, words) in command_lines(&case).iter().enumerate() {
        let folder = lines(&case.join("folder")).first().map_or_else(|| sandbox.repo(), |path| sandbox.path(path));
        let words: Vec<_> = words.iter().map(|word| unmasked(word, &sandbox)).collect();
        let mut command = sandbox.command(&words);
        command.current_dir(folder).env("PATH", search_path(&sandbox));
        for name in lines(&case.join("unset")) {
            command.env_remove(name);
        }
        let output = command.output().unwrap();
        let text = masked(&transcript(&output), &sandbox);
        assert!(!text.contains("panicked") && !text.contains("SECRET"), "{text}");
        found += if index > 0 { "\n" } else { "" };
        found += &format!("$ xtask {}\n{text}", masked(&words.join(" "), &sandbox).trim_end());
    }
    expect_file(&case.join("expected"), &found);
}

fn prepare(case: &Path) -> Sandbox {
    let sandbox = if case.join("nothing").exists() { Sandbox::empty() } else { Sandbox::of("minimal") };
    if case.join("repo").exists() {
        copy_tree(&case.join("repo"), &sandbox.repo());
    }
    for path in lines(&case.join("delete")) {
        let path = sandbox.path(&path);
        if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.unwrap();
    }
    for name in ["bin", "bin2"].iter().filter(|name| case.join(name).exists()) {
        copy_tree(&case.join(name), &sandbox.root().join(name));
    }
    sandbox
}

fn search_path(sandbox: &Sandbox) -> std::ffi::OsString {
    std::env::join_paths([sandbox.bin(), sandbox.root().join("bin2")]).unwrap()
}

fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn command_lines(case: &Path) -> Vec<Vec<String>> {
    let lines = lines(&case.join("args"));
    assert!(!lines.is_empty(), "{} has no args", case.display());
    lines.split(String::is_empty).map(<[String]>::to_vec).collect()
}

/// The reverse of [`masked`], for the words of a command line.
fn unmasked(word: &str, sandbox: &Sandbox) -> String {
    places(sandbox).iter().fold(word.to_owned(), |word, (path, name)| word.replace(name, path))
}

fn places(sandbox: &Sandbox) -> [(String, &'static str); 2] {
    let text = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
    [(text(sandbox.repo()), "[REPO]"), (text(sandbox.root()), "[SANDBOX]")]
}

/// Paths of this run and the time of day are replaced.
fn masked(text: &str, sandbox: &Sandbox) -> String {
    let text = places(sandbox).iter().fold(text.to_owned(), |text, (path, name)| text.replace(path, name));
    without_state_hash(&text).lines().map(|line| without_time(line) + "\n").collect()
}

/// The state folder's name ends in a hash of the repository's path, which is another in each run.
fn without_state_hash(text: &str) -> String {
    let Some((before, rest)) = text.split_once("/repo-") else { return text.to_owned() };
    let hash = rest.chars().take_while(char::is_ascii_hexdigit).count();
    format!("{before}/repo-[HASH]{}", &rest[hash..])
}

/// Lines for people begin as `12:34:56Z` does.
fn without_time(line: &str) -> String {
    let form = "00:00:00Z";
    let is_time = |start: &str| {
        start.chars().zip(form.chars()).all(|(c, like)| if like == '0' { c.is_ascii_digit() } else { c == like })
    };
    match line.get(..form.len()) {
        Some(start) if is_time(start) => format!("[TIME]{}", &line[form.len()..]),
        _ => line.to_owned(),
    }
}

const DOCKERFILE: &str = "packages/backend/Dockerfile.flightcontrol";

#[test]
fn an_edited_dockerfile_is_shown_kept_and_replaced_on_demand() {
    let sandbox = Sandbox::of("minimal");
    sandbox.succeed(&["render"]);
    let rendered = sandbox.read(DOCKERFILE);
    sandbox.replace(DOCKERFILE, "EXPOSE 7007", "EXPOSE 8080");
    let edited = sandbox.read(DOCKERFILE);
    for arguments in [&["render", "--check"][..], &["render"]] {
        let output = sandbox.run(arguments);
        let text = transcript(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        for part in [
            "error: packages/backend/Dockerfile.flightcontrol was edited by hand",
            "\n-EXPOSE 8080\n+EXPOSE 7007\n",
            "hint: keep the edits by changing assets/ or xtask.toml instead, or replace them with `cargo xtask render --force`",
        ] {
            assert!(text.contains(part), "no {part:?} in\n{text}");
        }
        assert_eq!(sandbox.read(DOCKERFILE), edited);
    }
    sandbox.succeed(&["render", "--force"]);
    assert_eq!(sandbox.read(DOCKERFILE), rendered);
    sandbox.succeed(&["render", "--check"]);
}

#[test]
fn a_rendered_file_that_fell_behind_is_written_anew_without_force() {
    let sandbox = Sandbox::of("minimal");
    sandbox.succeed(&["render"]);
    sandbox.replace("app-config.production.yaml", "listen: ':7007'", "listen: ':7008'");
    let output = sandbox.run(&["render", "--check"]);
    let text = transcript(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("is not up to date") && text.contains("\n-EXPOSE 7007\n+EXPOSE 7008\n"), "{text}");
    sandbox.succeed(&["render"]);
    assert!(sandbox.read(DOCKERFILE).contains("EXPOSE 7008"));
    sandbox.succeed(&["render", "--check"]);
}

#[test]
fn a_render_that_fails_leaves_no_half_written_file() {
    let sandbox = Sandbox::of("minimal");
    std::fs::create_dir_all(sandbox.path(DOCKERFILE).join("folder")).unwrap();
    assert_eq!(sandbox.run(&["render"]).status.code(), Some(3));
    let mut names: Vec<_> =
        std::fs::read_dir(sandbox.path("packages/backend")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["Dockerfile.flightcontrol", "package.json", "src"]);
}
