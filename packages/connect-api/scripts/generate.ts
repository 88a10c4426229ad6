// `npm run generate -- MODEL.json`: writes the generated files of this package from a botocore `service-2.json`
// document. Routes of operations that the document leaves out are taken from the pinned AWS SDK.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as sdk from '@aws-sdk/client-connect';
import { renderContract } from './render-contract.ts';
import { sdkOperations } from './sdk-schemas.ts';
import { parseServiceModel } from './service-model.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const source = fileURLToPath(new URL('../src', import.meta.url));

const modelFile = process.argv[2];
if (modelFile === undefined) {
  console.error('usage: npm run generate -- MODEL.json   (a botocore service-2.json document, unpacked)');
  process.exit(2);
}

const model = parseServiceModel(readFileSync(modelFile, 'utf8'));
const routes = sdkOperations(sdk).map(({ name, method, path }) => ({ name, method, path }));
const files = renderContract(model, routes);

for (const folder of ['operations', 'shapes']) rmSync(join(source, folder), { recursive: true, force: true });
for (const [file, text] of files) {
  mkdirSync(dirname(join(source, file)), { recursive: true });
  writeFileSync(join(source, file), text);
}
const written = [...files.keys()].map((file) => join(source, file));
execFileSync(join(repository, 'node_modules/.bin/biome'), ['check', '--write', ...written], {
  cwd: repository,
  stdio: 'inherit',
});
console.log(`${Object.keys(model.operations).length} operations in ${written.length} files`);
