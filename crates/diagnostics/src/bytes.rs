//! Numbers of bytes for people.

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// Decimal megabytes, as Docker counts.
pub fn megabytes(bytes: u64) -> String {
    tenths(bytes.saturating_add(50_000) / 100_000, "MB")
}

/// Decimal gigabytes, rounded down: what is free.
pub fn gigabytes(bytes: u64) -> String {
    tenths(bytes / 100_000_000, "GB")
}

/// A decimal size in the unit that fits it.
pub fn decimal_size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..999_950 => tenths(bytes.saturating_add(50) / 100, "kB"),
        _ => megabytes(bytes),
    }
}

/// A binary size, as limits are: whole units, rounded down.
pub fn binary_size(bytes: u64) -> String {
    match bytes {
        0..KIB => format!("{bytes} bytes"),
        KIB..MIB => format!("{} KiB", bytes / KIB),
        _ => format!("{} MiB", bytes / MIB),
    }
}

fn tenths(tenths: u64, unit: &str) -> String {
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_size_in_its_unit() {
        assert_eq!([0, 999, 1_000, 999_949].map(decimal_size), ["0 B", "999 B", "1.0 kB", "999.9 kB"]);
        assert_eq!([999_950, 12_340_000, u64::MAX].map(decimal_size)[..2], ["1.0 MB", "12.3 MB"]);
        assert_eq!([0, 49_999, 50_000].map(megabytes), ["0.0 MB", "0.0 MB", "0.1 MB"]);
        assert_eq!([99_999_999, 20_190_000_000].map(gigabytes), ["0.0 GB", "20.1 GB"]);
        assert_eq!([1023, 1024, MIB - 1, MIB].map(binary_size), ["1023 bytes", "1 KiB", "1023 KiB", "1 MiB"]);
    }
}
