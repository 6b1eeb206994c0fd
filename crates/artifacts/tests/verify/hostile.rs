//! Archives made to hurt whoever reads them.

use std::io::Read;
use std::time::{Duration, Instant};

use artifacts::BUNDLE;
use proptest::prelude::*;

use crate::pair::{Item, Pair, assert_error, errors, gzip, only_error, tar, verify_bytes};

fn with_bundle(bundle: &[u8]) -> crate::pair::Error {
    let start = Instant::now();
    let error = only_error(&verify_bytes(&Pair::good().skeleton_bytes(), bundle));
    println!("{:?} for {} bytes: {error:?}", start.elapsed(), bundle.len());
    assert!(start.elapsed() < Duration::from_secs(120));
    error
}

/// One entry's header that announces `size` bytes.
fn header(name: &str, flag: u8, size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_path(name).unwrap();
    header.as_mut_bytes()[156] = flag;
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header.as_bytes().to_vec()
}

#[test]
fn a_file_that_announces_too_much_is_not_read() {
    let bundle = gzip(&[header("bomb", b'0', 1 << 40), vec![0; 4096]].concat());
    let expected = "at most 2048 MiB when unpacked";
    assert_error(&with_bundle(&bundle), "BX009", &format!("{BUNDLE} bomb"), expected, "a file of 1048576 MiB");
}

#[test]
fn a_decompression_bomb_ends_at_the_limit() {
    // Many files, each of them small enough, as members of their own so that the test is quick.
    let zeros = gzip(&vec![0; 64 << 20]);
    let member = |number| [gzip(&header(&format!("bomb{number}"), b'0', 64 << 20)), zeros.clone()].concat();
    let bundle: Vec<u8> = (0..40).flat_map(member).collect();
    let error = with_bundle(&bundle);
    assert_eq!((error.code, error.place.as_str()), ("BX009", "bundle.tar.gz bomb31"));
    assert_eq!((error.expected.as_str(), error.found.as_str()), ("at most 2048 MiB when unpacked", "a file of 64 MiB"));
}

#[test]
fn zeros_behind_the_end_are_no_way_around_the_limit() {
    let members = [gzip(&tar(&Pair::good().bundle)), gzip(&vec![0; 64 << 20]).repeat(40)].concat();
    assert_error(&with_bundle(&members), "BX009", BUNDLE, "at most 2048 MiB when unpacked", "more");
}

#[test]
fn too_many_entries() {
    let headers: Vec<u8> = (0..=200_000).flat_map(|number| header(&number.to_string(), b'0', 0)).collect();
    let place = format!("{BUNDLE} 200000");
    assert_error(&with_bundle(&gzip(&headers)), "BX009", &place, "at most 200000 entries", "more");
}

#[test]
fn too_many_gzip_members() {
    let empty = gzip(b"").repeat(70_000);
    let bundle = [gzip(&tar(&Pair::good().bundle)), empty].concat();
    assert_error(&with_bundle(&bundle), "BX009", BUNDLE, "at most 65536 gzip members", "member number 65537");
}

#[test]
fn a_path_that_is_too_long() {
    let long = "x".repeat(5000);
    let item = Item { data: long.clone().into_bytes(), ..Item::of("././@LongLink", b'L') };
    let bundle = gzip(&tar(&[item, Item::file("short", "")]));
    let place = format!("{BUNDLE} {}…", &long[..300]);
    assert_error(&with_bundle(&bundle), "BX009", &place, "paths of at most 1024 bytes", "one of 5000 bytes");

    let bundle = gzip(&[header("././@LongLink", b'L', 1 << 30), vec![b'x'; 4096]].concat());
    let error = with_bundle(&bundle);
    assert_eq!((error.code, error.found.as_str()), ("BX009", "one of 1024 MiB"));
}

#[test]
fn patterns_and_headers_that_match_nothing_end_soon() {
    let start = Instant::now();
    let mut pair = Pair::good();
    let patterns: String = (0..20_000).map(|number| format!("\"./{number}\": \"./*{number}.no\", ")).collect();
    let exports = format!("\"exports\": {{{patterns}\"./x\": null}},\n  \"version\"");
    for items in [&mut pair.skeleton, &mut pair.bundle] {
        Pair::text(items, "plugins/x/package.json", |text| text.replacen("\"version\"", &exports, 1));
    }
    pair.bundle.extend((0..20_000).map(|number| Item::file(&format!("plugins/x/{number}"), "")));
    let headers = "-----BEGIN PRIVATE KEY-----".repeat(30_000);
    pair.bundle.extend((0..20).map(|number| Item::file(&format!("plugins/x/{number}.pem"), headers.as_str())));
    let page = "<script src='".to_owned() + &"a/".repeat(500) + "x.js'></script>";
    Pair::text(&mut pair.bundle, "packages/app/dist/index.html", |_| page.repeat(1000));
    let found = errors(&pair.verify());
    assert_eq!(found.iter().filter(|error| error.code == "BX031").count(), 20);
    assert_eq!(found.iter().filter(|error| error.code == "BX028").count(), 1);
    println!("{:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(120));
}

#[test]
fn deeply_nested_json_is_only_a_finding() {
    let mut pair = Pair::good();
    Pair::text(&mut pair.bundle, "packages/backend/package.json", |_| "[".repeat(100_000));
    assert_eq!(pair.only_error().code, "BX015");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_do_not_panic(skeleton: Vec<u8>, bundle in prop::collection::vec(any::<u8>(), 0..2000)) {
        let found = errors(&verify_bytes(&skeleton, &gzip(&bundle)));
        prop_assert!(!found.is_empty());
        verify_bytes(&gzip(&skeleton), &[&[0x1f, 0x8b][..], &bundle].concat());
    }

    #[test]
    fn what_is_sound_unpacks_to_what_was_packed(at: prop::sample::Index, byte: u8) {
        let (skeleton, mut bundle) = (Pair::good().skeleton_bytes(), Pair::good().bundle_bytes());
        let at = at.index(bundle.len());
        bundle[at] ^= byte;
        let sound = verify_bytes(&skeleton, &bundle).is_sound();
        // Some bits change nothing that is unpacked: the header's time, or where in a run of zeros
        // a copy begins.
        prop_assert!(!sound || gunzip(&bundle) == Some(tar(&Pair::good().bundle)));
    }

    #[test]
    fn a_changed_tar_stream_does_not_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        checksums: bool,
    ) {
        let mut bytes = tar(&Pair::good().bundle);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if checksums {
                mend_checksum(&mut bytes[at / 512 * 512..][..512]);
            }
        }
        verify_bytes(&gzip(&bytes), &gzip(&bytes));
    }
}

/// Gives a changed header its right checksum, so that the change gets past it.
fn mend_checksum(block: &mut [u8]) {
    if &block[257..262] == b"ustar" {
        let mut header = tar::Header::from_byte_slice(block).clone();
        header.set_cksum();
        block.copy_from_slice(header.as_bytes());
    }
}

fn gunzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut unpacked).ok()?;
    Some(unpacked)
}
