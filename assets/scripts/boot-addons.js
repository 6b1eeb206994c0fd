// Loads every native addon below a folder, each in a process of its own, since a bad one takes its process
// along. Prints what came of it as JSON.
"use strict";
const { execFile } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const [folder] = process.argv.slice(2);
const TIMEOUT = 30_000;
const LOAD = "process.dlopen({ exports: {} }, process.argv[1]); process.exit(0)";
/** `e_machine` of the System V ABI, by Node's names of architectures. */
const MACHINES = { x64: 0x3e, arm64: 0xb7, arm: 0x28, ia32: 0x03, ppc64: 0x15, s390x: 0x16, riscv64: 0xf3 };

function* addons(below) {
  for (const entry of fs.readdirSync(below, { withFileTypes: true })) {
    const found = path.join(below, entry.name);
    if (entry.isDirectory()) yield* addons(found);
    else if (entry.isFile() && entry.name.endsWith(".node")) yield found;
  }
}

/** Why a file is not for this Node on this machine, or nothing. */
function reasonToSkip(file) {
  const bytes = fs.readFileSync(file);
  if (bytes.subarray(0, 4).toString("latin1") !== "\x7fELF" || bytes.readUInt16LE(18) !== MACHINES[process.arch]) {
    return "for another platform";
  }
  const uses = (text) => bytes.includes(text);
  if (uses("libc.musl-") || /(^|[.-])musl\b/.test(path.basename(file))) return "for musl";
  if (/electron/.test(path.basename(file))) return "for Electron";
  // SQLite's extensions and the like have the same ending.
  if (!uses("_register_module_v") && !uses("module_register")) return "no addon of Node";
  const abi = /abi(\d+)|node-v(\d+)-/.exec(file.slice(folder.length));
  if (abi && (abi[1] ?? abi[2]) !== process.versions.modules) return "for another version of Node";
  return undefined;
}

function load(file) {
  return new Promise((resolve) => {
    execFile(process.execPath, ["-e", LOAD, file], { timeout: TIMEOUT }, (error, _, stderr) => {
      const said = stderr.split("\n").find((line) => /Error: /.test(line));
      resolve(error ? (said ?? `ended by ${error.signal ?? error.code}`).trim() : undefined);
    });
  });
}

async function main() {
  const report = { loaded: [], skipped: [], failed: [] };
  const files = [...addons(folder)].sort();
  const work = async () => {
    for (let file = files.shift(); file !== undefined; file = files.shift()) {
      const name = path.relative(folder, file);
      const skip = reasonToSkip(file);
      const error = skip ? undefined : await load(file);
      if (skip) report.skipped.push({ file: name, reason: skip });
      else if (error) report.failed.push({ file: name, reason: error });
      else report.loaded.push(name);
    }
  };
  await Promise.all(os.cpus().map(work));
  console.log(JSON.stringify(report));
}

main();
