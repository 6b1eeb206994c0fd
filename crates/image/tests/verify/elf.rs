//! Programs of nothing but the tables that are read (System V ABI, "Object Files").

/// Processors by their numbers in ELF.
pub(crate) const AMD64: u16 = 62;
pub(crate) const ARM64: u16 = 183;

const STRINGS: u32 = 3;
const DYNAMIC: u32 = 6;
const SYMBOLS: u32 = 11;
const VERSIONS_DEFINED: u32 = 0x6fff_fffd;
const VERSIONS_NEEDED: u32 = 0x6fff_fffe;
const HEADER: usize = 64;

/// What a program says.
#[derive(Clone, Default)]
pub(crate) struct Elf<'a> {
    pub(crate) machine: u16,
    pub(crate) needed: &'a [&'a str],
    /// Libraries with the versions that they must have.
    pub(crate) versions: &'a [(&'a str, &'a str)],
    pub(crate) defines: &'a [&'a str],
    pub(crate) symbols: &'a [&'a str],
}

impl Elf<'_> {
    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut strings = vec![0];
        let mut name = |text: &str| {
            let at = strings.len() as u32;
            strings.extend(text.bytes().chain([0]));
            at.to_le_bytes()
        };
        let mut needs = Vec::new();
        for (index, (library, version)) in self.versions.iter().enumerate() {
            let next = if index + 1 == self.versions.len() { 0_u32 } else { 32 };
            needs.extend([1, 0, 1, 0].iter().chain(&name(library)).chain(&16_u32.to_le_bytes()));
            needs.extend(next.to_le_bytes().iter().chain(&[0; 8]).chain(&name(version)).chain(&[0; 4]));
        }
        let mut defines = Vec::new();
        for (index, version) in self.defines.iter().enumerate() {
            let next = if index + 1 == self.defines.len() { 0_u32 } else { 28 };
            defines.extend([1, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0].iter().chain(&20_u32.to_le_bytes()));
            defines.extend(next.to_le_bytes().iter().chain(&name(version)).chain(&[0; 4]));
        }
        let mut dynamic = Vec::new();
        for library in self.needed {
            dynamic.extend(1_u64.to_le_bytes().iter().chain(&name(library)).chain(&[0; 4]));
        }
        dynamic.extend([0; 16]);
        let mut symbols = vec![0; 24];
        for symbol in self.symbols {
            symbols.extend(name(symbol).iter().chain(&[0x12, 0, 1, 0]).chain(&[0; 16]));
        }
        let counts = [0, 0, self.versions.len(), self.defines.len(), 0];
        let kinds = [STRINGS, SYMBOLS, VERSIONS_NEEDED, VERSIONS_DEFINED, DYNAMIC];
        let tables = [strings, symbols, needs, defines, dynamic];
        let mut body = Vec::new();
        let mut headers = vec![0; HEADER];
        for ((kind, table), count) in kinds.iter().zip(&tables).zip(counts) {
            let at = (HEADER + body.len()) as u64;
            body.extend(table);
            let kind = if table.is_empty() { 0 } else { *kind };
            headers.extend([0; 4].iter().chain(&kind.to_le_bytes()).chain(&[0; 16]).chain(&at.to_le_bytes()));
            headers.extend((table.len() as u64).to_le_bytes().iter().chain(&1_u32.to_le_bytes()));
            let size = if kind == SYMBOLS { 24_u64 } else { 0 };
            headers.extend((count as u32).to_le_bytes().iter().chain(&[0; 8]).chain(&size.to_le_bytes()));
        }
        let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0".to_vec();
        file.extend(self.machine.to_le_bytes().iter().chain(&1_u32.to_le_bytes()).chain(&[0; 16]));
        file.extend(((HEADER + body.len()) as u64).to_le_bytes().iter().chain(&[0; 4]));
        file.extend([HEADER as u8, 0, 0, 0, 0, 0, HEADER as u8, 0, tables.len() as u8 + 1, 0, 1, 0]);
        [file, body, headers].concat()
    }
}
