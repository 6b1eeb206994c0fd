// validate.js AJV SCHEMA OTHER... < DOCUMENTS: says on each line what is wrong with the JSON document on that line of
// standard input, as a list. AJV is the folder of that package, 6; SCHEMA is of draft 4 or 7, or keeps to what draft 7
// has, and may refer to the others.
const fs = require('fs');
const path = require('path');

const [folder, schema, ...others] = process.argv.slice(2);
const Ajv = require(path.join(folder, 'dist/ajv.bundle.js'));
const ajv = new Ajv({ schemaId: 'auto', allErrors: true, unknownFormats: ['idn-email', 'iri-reference'] });
const json = file => JSON.parse(fs.readFileSync(file, 'utf8'));
ajv.addMetaSchema(json(path.join(folder, 'lib/refs/json-schema-draft-04.json')));
const read = file => {
  const { $schema, ...rest } = json(file);
  return /draft-0[47]/.test($schema) ? { $schema, ...rest } : rest;
};
for (const other of others) {
  const content = read(other);
  ajv.addSchema({ ...content, $id: new URL(path.basename(other), 'http://cyclonedx.org/schema/').href });
}
const validate = ajv.compile(read(schema));
for (const line of fs.readFileSync(0, 'utf8').trim().split('\n')) {
  validate(JSON.parse(line));
  console.log(JSON.stringify((validate.errors ?? []).map(error => `${error.dataPath} ${error.message}`)));
}
