// `npm run generate -- MODEL.json`: writes the generated files of this package from a botocore `service-2.json`
// document. Routes of operations that the document leaves out are taken from the pinned AWS SDK.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as sdk from '@aws-sdk/client-connect';
import { developerCommand } from '@ringback/testkit';
import { operations } from '../src/operations.ts';
import { renderContract } from './render-contract.ts';
import { sdkOperations } from './sdk-schemas.ts';
import { parseServiceModel, type ServiceModel } from './service-model.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const source = fileURLToPath(new URL('../src', import.meta.url));

const command = developerCommand('npm run generate --')
  .description('Writes the generated files of packages/connect-api/src from a model of the service.')
  .argument('<model>', 'a botocore service-2.json document, unpacked')
  .option('--drop-missing', 'drop the contracts of operations that the document lacks', false)
  .addHelpText(
    'after',
    `
Examples:
  npm run generate -- service-2.json
  npm run generate -- service-2.json --drop-missing`,
  )
  .parse();
const [modelFile = ''] = command.args;
const { dropMissing } = command.opts<{ readonly dropMissing: boolean }>();

const model = readModel(modelFile);
const missing = Object.keys(operations).filter((name) => !(name in model.operations));
if (missing.length > 0 && !dropMissing) {
  giveUp(
    `${modelFile} lacks ${missing.length} operations that have a contract here: ${missing.join(', ')}.\n` +
      'Nothing was written. Give a fuller document, or drop their contracts with --drop-missing.',
  );
}
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

function readModel(file: string): ServiceModel {
  try {
    return parseServiceModel(readFileSync(file, 'utf8'));
  } catch (error) {
    giveUp(`${file} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

function giveUp(text: string): never {
  console.error(text);
  process.exit(1);
}
