// Every package of the production install must be in yarn.lock: `workspaces focus` resolves what is
// missing there without a word.
const fs = require("node:fs");
const lines = (file) => fs.readFileSync(file, "utf8").split("\n");
const locked = new Set();
for (const line of lines("yarn.lock")) {
  const match = line.match(/^  resolution: "(.*)"$/);
  if (match) locked.add(match[1]);
}
const installed = [];
for (const line of lines("node_modules/.yarn-state.yml")) {
  const match = line.match(/^"(.*)":$/);
  if (match) installed.push(match[1].replace(/@virtual:[0-9a-f]+#/, "@"));
}
const strangers = installed.filter((locator) => !locked.has(locator));
for (const locator of strangers) console.error(`error: not in yarn.lock: ${locator}`);
if (strangers.length > 0) {
  console.error("hint: run `yarn install` and commit yarn.lock");
  process.exit(1);
}
console.log(`${installed.length} production packages, all in yarn.lock`);
