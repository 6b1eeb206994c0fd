// validate.js AJV SCHEMA < DOCUMENTS: says on each line what is wrong with the JSON document on that line of
// standard input, as a list. AJV is the folder of that package, 6; SCHEMA is of draft 4.
const fs = require('fs');
const path = require('path');

const [folder, schema] = process.argv.slice(2);
const Ajv = require(path.join(folder, 'dist/ajv.bundle.js'));
const ajv = new Ajv({ schemaId: 'auto', allErrors: true });
const read = file => JSON.parse(fs.readFileSync(file, 'utf8'));
ajv.addMetaSchema(read(path.join(folder, 'lib/refs/json-schema-draft-04.json')));
const validate = ajv.compile(read(schema));
for (const line of fs.readFileSync(0, 'utf8').trim().split('\n')) {
  validate(JSON.parse(line));
  console.log(JSON.stringify((validate.errors ?? []).map(error => `${error.dataPath} ${error.message}`)));
}
