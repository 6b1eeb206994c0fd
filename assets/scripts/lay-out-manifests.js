// Writes the manifests that a stage reads, with only the fields that an install reads. The arguments are
// the folders of the manifests, after `stage=NAME` for each stage.
const fs = require("node:fs");
const path = require("node:path");
const dropped = {{ not_for_install }};
const dependencyMaps = {{ dependency_maps }};
const lifecycle = {{ lifecycle_scripts }};
let stage;
for (const folder of process.argv.slice(1)) {
  if (folder.startsWith("stage=")) {
    stage = folder.slice("stage=".length);
    continue;
  }
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8").replace(/^\uFEFF/, ""));
  if ({{ is_production }} && folder !== ".") {
    for (const [key, value] of Object.entries(manifest.publishConfig ?? {})) {
      if (!["access", "registry", "tag"].includes(key)) manifest[key] = value;
    }
    if (manifest.bundled === true) for (const key of dependencyMaps) delete manifest[key];
  }
  for (const key of dropped) delete manifest[key];
  const scripts = Object.entries(manifest.scripts ?? {}).filter(([name]) => lifecycle.includes(name));
  delete manifest.scripts;
  if (scripts.length > 0) manifest.scripts = Object.fromEntries(scripts);
  const to = path.join("/stages", stage, folder);
  fs.mkdirSync(to, { recursive: true });
  fs.writeFileSync(path.join(to, "package.json"), JSON.stringify(manifest, null, 2));
}
