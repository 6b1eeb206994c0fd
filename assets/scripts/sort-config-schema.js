// The bundler writes the config schemas in the order in which it came across them, which differs from
// build to build; the same sources must give the same bytes.
const fs = require("node:fs");
const file = "dist/.config-schema.json";
if (fs.existsSync(file)) {
  const text = fs.readFileSync(file, "utf8");
  const document = JSON.parse(text);
  const key = (schema) => `${schema.packageName} ${schema.path}`;
  document.schemas?.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  const indent = text.startsWith("{\n") ? 2 : 0;
  fs.writeFileSync(file, JSON.stringify(document, null, indent));
}
