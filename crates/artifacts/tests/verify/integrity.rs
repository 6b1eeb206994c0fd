//! Archives that are missing, damaged or no archives.

use artifacts::{BUNDLE, SKELETON, verify};
use tempfile::TempDir;

use crate::pair::{Item, Pair, assert_error, errors, gzip, only_error, tar, verify_bytes};
use crate::repo;

const GZIP: &str = "a tar file compressed with gzip";
const COMPLETE: &str = "an archive that is complete";

fn with_bundle(bundle: &[u8]) -> crate::pair::Error {
    only_error(&verify_bytes(&Pair::good().skeleton_bytes(), bundle))
}

#[test]
fn missing_archives() {
    let dist = TempDir::new().unwrap();
    let found = errors(&verify(&dist.path().join("no/such/folder"), repo::facts()));
    assert_eq!(found.iter().map(|error| error.place.as_str()).collect::<Vec<_>>(), [SKELETON, BUNDLE]);
    assert!(found.iter().all(|error| error.code == "BX001" && error.found == "no such file"));

    std::fs::write(dist.path().join(SKELETON), Pair::good().skeleton_bytes()).unwrap();
    let error = only_error(&verify(dist.path(), repo::facts()));
    let expected = format!("a file {}", dist.path().join(BUNDLE).display());
    assert_error(&error, "BX001", BUNDLE, &expected, "no such file");
}

#[test]
fn a_folder_in_place_of_an_archive() {
    let dist = TempDir::new().unwrap();
    std::fs::write(dist.path().join(SKELETON), Pair::good().skeleton_bytes()).unwrap();
    std::fs::create_dir(dist.path().join(BUNDLE)).unwrap();
    let error = only_error(&verify(dist.path(), repo::facts()));
    assert_error(&error, "BX002", BUNDLE, "a file that can be read", "it is not a file");
}

#[test]
fn an_error_of_the_operating_system() {
    let dist = TempDir::new().unwrap();
    std::fs::write(dist.path().join("file"), "").unwrap();
    let found = errors(&verify(&dist.path().join("file"), repo::facts()));
    assert!(found.iter().all(|error| error.code == "BX002"), "{found:?}");
}

#[test]
fn an_empty_file() {
    assert_error(&with_bundle(b""), "BX003", BUNDLE, GZIP, "a file without a single byte");
}

#[test]
fn something_else_than_gzip() {
    assert_error(&with_bundle(&tar(&Pair::good().bundle)), "BX004", BUNDLE, GZIP, "a tar file without compression");
    assert_error(&with_bundle(b"oops\x1b"), "BX004", BUNDLE, GZIP, "a file that begins with \"oops\\x1b\"");
    let pointer = b"version https://git-lfs.github.com/spec/v1\n";
    assert_error(&with_bundle(pointer), "BX004", BUNDLE, GZIP, "a Git LFS pointer");
}

#[test]
fn a_gzip_stream_cut_anywhere() {
    let bytes = Pair::good().bundle_bytes();
    for end in (2..bytes.len()).step_by(7).chain(bytes.len() - 9..bytes.len()) {
        assert_error(&with_bundle(&bytes[..end]), "BX005", BUNDLE, COMPLETE, "a gzip stream that ends early");
    }
}

#[test]
fn a_tar_stream_cut_anywhere() {
    let bytes = tar(&Pair::good().bundle);
    for end in (0..bytes.len()).step_by(256) {
        let error = with_bundle(&gzip(&bytes[..end]));
        assert_eq!((error.code, error.place.as_str(), error.expected.as_str()), ("BX005", BUNDLE, COMPLETE));
        let place = if end < 512 { "before the first entry" } else { "after the entry " };
        assert!(error.found.starts_with(&format!("a tar stream that ends early, {place}")), "{error:?}");
    }
}

#[test]
fn a_wrong_checksum() {
    let mut bytes = Pair::good().bundle_bytes();
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 1;
    let error = with_bundle(&bytes);
    assert_eq!((error.code, error.expected.as_str()), ("BX006", "a gzip stream with the right checksum"));
    assert!(error.found.starts_with("damaged data ("), "{}", error.found);
}

#[test]
fn a_damaged_header() {
    let mut bytes = tar(&Pair::good().bundle);
    bytes[512] ^= 1;
    assert_error(
        &with_bundle(&gzip(&bytes)),
        "BX007",
        BUNDLE,
        "a tar stream that every tar reads alike",
        "a header whose checksum is wrong, after the entry ./",
    );
}

#[test]
fn headers_that_readers_understand_differently() {
    let cases: &[(Item, &str)] = &[
        (Item { data: b"x".into(), ..Item::folder("f/", 0o755) }, "a folder or link with data, after the entry f/"),
        (
            Item::of("sparse", b'S'),
            "a sparse file, which not every tar reads alike, after the entry plugins/x/package.json",
        ),
        (
            Item { data: b"9 path=a\n".into(), ..Item::of("global", b'g') },
            "one path or size for all its entries (a global extended header), after the entry plugins/x/package.json",
        ),
        (
            Item { data: b"nonsense".into(), ..Item::of("extended", b'x') },
            "an extended header that cannot be read, after the entry plugins/x/package.json",
        ),
    ];
    for (item, found) in cases {
        let mut pair = Pair::good();
        pair.bundle.push(item.clone());
        assert_error(&pair.only_error(), "BX007", BUNDLE, "a tar stream that every tar reads alike", found);
    }
}

#[test]
fn two_names_for_one_entry() {
    let record = || Item { data: b"9 path=a\n".into(), ..Item::of("extended", b'x') };
    let long = Item { data: b"b".into(), ..Item::of("././@LongLink", b'L') };
    for other in [record(), long] {
        let mut pair = Pair::good();
        pair.bundle.extend([record(), other, Item::file("README.md", "hello")]);
        let expected = "a tar stream that every tar reads alike";
        let found = "two names or sizes for one entry, after the entry plugins/x/package.json";
        assert_error(&pair.only_error(), "BX007", BUNDLE, expected, found);
    }
}

#[test]
fn an_extended_header_of_an_old_format() {
    let mut bundle = tar(&Pair::good().bundle);
    bundle.truncate(bundle.len() - 1024);
    let start = bundle.len();
    bundle.extend(tar(&[Item { data: b"a".into(), ..Item::of("././@LongLink", b'L') }, Item::file("b", "")]));
    bundle[start + 257..start + 265].fill(0);
    let mut header = tar::Header::from_byte_slice(&bundle[start..start + 512]).clone();
    header.set_cksum();
    bundle[start..start + 512].copy_from_slice(header.as_bytes());
    let error = only_error(&verify_bytes(&Pair::good().skeleton_bytes(), &gzip(&bundle)));
    let found = "an extended header of a format that has none, after the entry plugins/x/package.json";
    assert_error(&error, "BX007", BUNDLE, "a tar stream that every tar reads alike", found);
}

#[test]
fn two_sizes_for_one_entry() {
    let mut pair = Pair::good();
    pair.bundle.push(Item { data: b"10 size=9\n".into(), ..Item::of("extended", b'x') });
    pair.bundle.push(Item::file("README.md", "hello"));
    let error = pair.only_error();
    assert_eq!(
        (error.code, error.found.as_str()),
        ("BX007", "two sizes for one entry, after the entry plugins/x/package.json")
    );
}

#[test]
fn something_behind_the_end() {
    let expected = "nothing after the end of the archive";
    let mut bytes = Pair::good().bundle_bytes();
    bytes.extend(b"more");
    assert_error(&with_bundle(&bytes), "BX008", BUNDLE, expected, "bytes after the gzip stream");

    let mut bytes = tar(&Pair::good().bundle);
    bytes.extend(tar(&[Item::file("hidden", "x")]));
    assert_error(&with_bundle(&gzip(&bytes)), "BX008", BUNDLE, expected, "data after the end of the tar stream");
}

#[test]
fn zeros_behind_the_end_and_several_gzip_members_are_fine() {
    let mut bytes = tar(&Pair::good().bundle);
    bytes.resize(bytes.len() + 10_240, 0);
    let (one, two) = bytes.split_at(1000);
    let members = [gzip(one), gzip(two)].concat();
    assert_eq!(verify_bytes(&Pair::good().skeleton_bytes(), &members).findings, []);
}
