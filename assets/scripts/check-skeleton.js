// The production dependencies were installed from derived manifests before the archives existed.
// Here the archives are made: both must ask for the same packages.
const fs = require("node:fs");
const path = require("node:path");
const [derived, skeleton] = process.argv.slice(1);
const fields = {{ install_fields }};
const manifests = (root) =>
  fs
    .readdirSync(root, { recursive: true })
    .filter((file) => path.basename(file) === "package.json" && file !== "package.json")
    .sort();
const ordered = (value) =>
  value && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
const same = (a, b) => JSON.stringify(ordered(a)) === JSON.stringify(ordered(b));
const read = (root, file) => JSON.parse(fs.readFileSync(path.join(root, file), "utf8"));
const expected = manifests(derived);
const found = manifests(skeleton);
const problems = [
  ...expected.filter((file) => !found.includes(file)).map((file) => `skeleton.tar.gz lacks ${file}`),
  ...found.filter((file) => !expected.includes(file)).map((file) => `skeleton.tar.gz also holds ${file}`),
];
for (const file of expected.filter((name) => found.includes(name))) {
  const [before, after] = [read(derived, file), read(skeleton, file)];
  for (const field of fields) {
    if (!same(before[field], after[field])) problems.push(`${file}: "${field}" is not what was installed`);
  }
}
for (const problem of problems) console.error(`error: ${problem}`);
if (problems.length > 0) {
  console.error("hint: this Dockerfile is older than the manifests; run `cargo xtask render` and commit the result");
  process.exit(1);
}
console.log(`skeleton.tar.gz: ${found.length} manifests, as installed`);
