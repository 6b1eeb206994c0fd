//! Entries that must not be unpacked.

use artifacts::BUNDLE;

use crate::pair::{Item, Pair, assert_error, errors};

fn with(items: impl IntoIterator<Item = Item>) -> crate::pair::Error {
    let mut pair = Pair::good();
    pair.bundle.extend(items);
    pair.only_error()
}

#[test]
fn paths_that_leave_the_root() {
    let expected = "a relative path that stays below the root";
    let cases = [
        ("/etc/passwd", "an absolute path"),
        ("../outside", "a path with `..`"),
        ("packages/../../outside", "a path with `..`"),
    ];
    for (path, found) in cases {
        let place = format!("{BUNDLE} {path}");
        assert_error(&with([Item::file(path, "x")]), "BX010", &place, expected, found);
    }
    let mut pair = Pair::good();
    pair.bundle[0] = Item::file("./", "x");
    assert_error(&pair.only_error(), "BX010", &format!("{BUNDLE} ./"), expected, "a path that names the root itself");
}

#[test]
fn a_path_through_a_link() {
    let error = with([Item::link("lib", b'2', "packages"), Item::file("lib/x", "x")]);
    let expected = "a relative path that stays below the root";
    assert_error(&error, "BX010", "bundle.tar.gz lib/x", expected, "a path through the link lib");
}

#[test]
fn a_long_path_is_read_from_its_extended_header() {
    let long = format!("9999 path=/{}\n", "x".repeat(200));
    let long = long.replacen("9999", &(long.len() - 1).to_string(), 1);
    let item = Item { data: long.into_bytes(), ..Item::of("extended", b'x') };
    assert_eq!(with([item, Item::file("short", "")]).found, "an absolute path");
    let item = Item { data: b"../long\0".into(), ..Item::of("././@LongLink", b'L') };
    assert_eq!(with([item, Item::file("short", "")]).place, "bundle.tar.gz ../long");
}

#[test]
fn links_that_leave_the_root() {
    let expected = "a link to something below the archive's root";
    let cases = [
        (Item::link("out", b'2', "/etc"), "a symbolic link to /etc"),
        (Item::link("packages/out", b'2', "../../etc"), "a symbolic link to ../../etc"),
        (Item::link("out", b'1', "yarn.lock/../../x"), "a hard link to yarn.lock/../../x, which is not in the archive"),
        (Item::link("out", b'1', "nothing"), "a hard link to nothing, which is not in the archive"),
    ];
    for (item, found) in cases {
        let place = format!("{BUNDLE} {}", item.path);
        assert_error(&with([item]), "BX011", &place, expected, found);
    }
}

#[test]
fn links_inside_are_fine() {
    let mut pair = Pair::good();
    pair.bundle.push(Item::link("packages/app/dist/latest", b'2', "../../app/dist/static"));
    pair.bundle.push(Item::link("copy.lock", b'1', "yarn.lock"));
    assert_eq!(pair.verify().findings, []);
}

#[test]
fn neither_file_nor_folder_nor_link() {
    let expected = "a file, a folder or a link";
    let cases = [
        (b'3', "a character device"),
        (b'4', "a block device"),
        (b'6', "a named pipe"),
        (b'V', "an entry of type 'V'"),
    ];
    for (flag, found) in cases {
        assert_error(&with([Item::of("odd", flag)]), "BX012", "bundle.tar.gz odd", expected, found);
    }
}

#[test]
fn files_with_the_rights_of_their_owner() {
    let expected = "a mode without setuid and setgid";
    let error = with([Item::file("su", "x").mode(0o4755)]);
    assert_error(&error, "BX013", "bundle.tar.gz su", expected, "mode 4755");
    let error = with([Item::file("sg", "x").mode(0o2755)]);
    assert_error(&error, "BX013", "bundle.tar.gz sg", expected, "mode 2755");
}

#[test]
fn a_path_twice() {
    let error = with([Item::file("./packages//app/dist/index.html", "other")]);
    let place = "bundle.tar.gz packages/app/dist/index.html";
    assert_error(&error, "BX014", place, "one entry with this path", "2 entries with it");
}

#[test]
fn a_folder_twice_is_fine() {
    let mut pair = Pair::good();
    pair.bundle.push(Item::folder("packages", 0o755));
    assert_eq!(pair.verify().findings, []);
}

#[test]
fn names_cannot_write_to_the_terminal() {
    assert_eq!(with([Item::file("/a\u{1b}[31m\n", "")]).place, "bundle.tar.gz /a\\u{1b}[31m\\n");
}

#[test]
fn many_findings_of_one_kind_are_counted() {
    let mut pair = Pair::good();
    pair.bundle.extend((0..100).map(|number| Item::file(&format!("/{number}"), "")));
    let found = errors(&pair.verify());
    assert_eq!(found.len(), 20);
    assert_eq!(found[19].found, "an absolute path (and 80 more of this kind)");
}
