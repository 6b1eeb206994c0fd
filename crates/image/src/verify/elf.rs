//! What native programs say of themselves (System V ABI; Linux Standard Base, "Symbol Versioning").

use std::borrow::Cow;
use std::collections::BTreeSet;

use object::elf::{DT_NEEDED, FileHeader32, FileHeader64, SHT_DYNSYM};
use object::read::elf::{Dyn, FileHeader, Sym};
use object::{Endianness, FileKind};
use serde::{Deserialize, Serialize};

/// How an addon of Node-API registers (Node's `js_native_api.h` and `node_api.h`).
const NODE_API: &[&[u8]] =
    &[b"napi_register_module_v1", b"napi_module_register", b"node_api_module_get_api_version_v1"];
/// Begins the name by which another addon registers; `NODE_MODULE_VERSION` follows (Node's `node.h`).
const OF_VERSION: &[u8] = b"node_register_module_v";
/// Names of one table that are looked at.
const MOST_NAMES: usize = 1_000_000;

/// What kind of program a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Binary {
    /// One for Linux, or another system with its format.
    Elf(Box<Elf>),
    /// In words: one for another system, or no program.
    Other(Cow<'static, str>),
}

/// What an ELF file needs and offers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Elf {
    /// Kind of processor, by Go's names; what has none there by its number.
    pub(crate) architecture: String,
    /// Libraries it needs.
    pub(crate) needed: BTreeSet<String>,
    /// Versions of symbols that it needs, with the library that is to have them.
    pub(crate) versions: BTreeSet<(String, String)>,
    /// Versions of symbols that it defines.
    pub(crate) defines: BTreeSet<String>,
    /// Whether it registers by Node-API.
    pub(crate) is_node_api: bool,
    /// The versions of `NODE_MODULE_VERSION` that it registers for.
    pub(crate) module_versions: BTreeSet<u32>,
}

impl Elf {
    /// About how many bytes it takes.
    pub(crate) fn weight(&self) -> usize {
        let names = self.needed.iter().chain(&self.defines);
        let versions = self.versions.iter().flat_map(|(library, version)| [library, version]);
        names.chain(versions).map(|name| name.len() + size_of::<String>()).sum()
    }
}

/// Reads a program. Damaged tables count as empty: the dynamic linker has the last word about them.
pub(crate) fn read(data: &[u8]) -> Binary {
    match FileKind::parse(data) {
        Ok(FileKind::Elf64) => elf::<FileHeader64<Endianness>>(data),
        Ok(FileKind::Elf32) => elf::<FileHeader32<Endianness>>(data),
        _ if data.starts_with(b"MZ") => Binary::Other(Cow::Borrowed("a program for Windows")),
        _ if is_mach(data) => Binary::Other(Cow::Borrowed("a program for macOS")),
        _ => Binary::Other(Cow::Borrowed("no program")),
    }
}

/// The first bytes of Mach-O files, for one processor or several.
fn is_mach(data: &[u8]) -> bool {
    const STARTS: &[[u8; 4]] =
        &[[0xcf, 0xfa, 0xed, 0xfe], [0xce, 0xfa, 0xed, 0xfe], [0xca, 0xfe, 0xba, 0xbe], [0xca, 0xfe, 0xba, 0xbf]];
    STARTS.iter().any(|start| data.starts_with(start))
}

fn elf<H: FileHeader<Endian = Endianness>>(data: &[u8]) -> Binary {
    let Ok(header) = H::parse(data) else { return Binary::Other(Cow::Borrowed("a damaged program")) };
    let Ok(endian) = header.endian() else { return Binary::Other(Cow::Borrowed("a damaged program")) };
    let mut elf = Elf { architecture: architecture(header.e_machine(endian), header.is_class_64()), ..Elf::default() };
    // Each table stands for itself.
    let _ = needed(header, endian, data, &mut elf);
    let _ = versions(header, endian, data, &mut elf);
    let _ = symbols(header, endian, data, &mut elf);
    Binary::Elf(Box::new(elf))
}

fn architecture(machine: u16, is_64: bool) -> String {
    match (machine, is_64) {
        (object::elf::EM_X86_64, true) => "amd64",
        (object::elf::EM_386, false) => "386",
        (object::elf::EM_AARCH64, true) => "arm64",
        (object::elf::EM_ARM, false) => "arm",
        (object::elf::EM_RISCV, true) => "riscv64",
        (object::elf::EM_S390, true) => "s390x",
        (object::elf::EM_PPC64, true) => "ppc64le",
        _ => return format!("machine {machine}"),
    }
    .to_owned()
}

fn needed<H: FileHeader>(header: &H, endian: H::Endian, data: &[u8], elf: &mut Elf) -> object::Result<()> {
    let sections = header.sections(endian, data)?;
    let Some((entries, strings)) = sections.dynamic(endian, data)? else { return Ok(()) };
    let strings = sections.strings(endian, data, strings)?;
    for entry in entries.iter().take(MOST_NAMES).filter(|entry| entry.tag32(endian) == Some(DT_NEEDED)) {
        elf.needed.insert(text(entry.string(endian, strings)?));
    }
    Ok(())
}

fn versions<H: FileHeader>(header: &H, endian: H::Endian, data: &[u8], elf: &mut Elf) -> object::Result<()> {
    let sections = header.sections(endian, data)?;
    if let Some((mut needs, strings)) = sections.gnu_verneed(endian, data)? {
        let strings = sections.strings(endian, data, strings)?;
        while let Some((need, mut versions)) = needs.next()? {
            let library = text(need.file(endian, strings)?);
            while let Some(version) = versions.next()? {
                let is_weak = version.vna_flags.get(endian) & object::elf::VER_FLG_WEAK != 0;
                if !is_weak && elf.versions.len() < MOST_NAMES {
                    elf.versions.insert((library.clone(), text(version.name(endian, strings)?)));
                }
            }
        }
    }
    if let Some((mut definitions, strings)) = sections.gnu_verdef(endian, data)? {
        let strings = sections.strings(endian, data, strings)?;
        while let Some((_, mut names)) = definitions.next()? {
            // The first name is its own, the others are those it includes.
            if let Some(name) = names.next()? {
                elf.defines.insert(text(name.name(endian, strings)?));
            }
        }
    }
    Ok(())
}

fn symbols<H: FileHeader>(header: &H, endian: H::Endian, data: &[u8], elf: &mut Elf) -> object::Result<()> {
    let symbols = header.sections(endian, data)?.symbols(endian, data, SHT_DYNSYM)?;
    for symbol in symbols.iter().take(MOST_NAMES) {
        let name = symbol.name(endian, symbols.strings())?;
        elf.is_node_api |= NODE_API.contains(&name);
        let version = name.strip_prefix(OF_VERSION).and_then(|version| std::str::from_utf8(version).ok());
        elf.module_versions.extend(version.and_then(|version| version.parse::<u32>().ok()));
    }
    Ok(())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
