/** `npm test` and its sisters: finds the test files of one kind and runs them with Node's own runner. */
import { spawn } from 'node:child_process';
import { chmodSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { DebianPackagesMissing, ensureDebianPackages } from './debian-packages.ts';

/** Programs of others that interoperation tests talk to: SIPp, Kamailio, two phones, coturn, the AWS CLI, boto3 (for /usr/bin/python3). */
const interopPackages = [
  'sip-tester',
  'kamailio',
  'kamailio-tls-modules',
  'baresip-core',
  'linphone-cli',
  'coturn',
  'awscli',
  'python3-boto3',
];

/** The browser that drives the agents' page. */
const browserPackages = ['chromium'];

/** Where each kind of test lives. */
const kinds = {
  unit: ['packages/*/{src,test,scripts}/**/*.test.ts', 'scripts/**/*.test.ts'],
  interop: ['packages/*/test/**/*.interop.ts'],
  browser: ['packages/*/test/**/*.browser.ts'],
  nightly: ['packages/*/test/**/*.nightly.ts'],
} as const satisfies Record<string, readonly string[]>;

const usage = `Usage: npm test -- [PART …]
       npm run test:interop|test:browser -- [PART …]
       node scripts/test.ts [KIND [PART …]]

Runs the test files of one kind whose path contains one of the parts, all of them when no part is given.

Kinds:
  unit       everything that needs npm packages only (default)
  interop    SIPp, AWS CLI and others; installs them with apt-get where it may
  browser    the agent's page in Chromium
  nightly    long runs

Examples:
  npm test                              all of kind unit, five to seven minutes on two cores
  npm test -- packages/sip dial         files with packages/sip or dial in their path
  npm run test:interop -- kamailio
`;

const [kind = 'unit', ...only] = process.argv.slice(2);
const options = [kind, ...only].filter((word) => word.startsWith('-'));
if (options.some((option) => option === '--help' || option === '-h')) {
  process.stdout.write(usage);
  process.exit(0);
}
const [option] = options;
if (option !== undefined)
  refuse(`There is no option ${option}, only --help; what is run is chosen by parts of paths.`);
if (!isKind(kind)) refuse(`Unknown kind of test "${kind}"; there are ${Object.keys(kinds).join(', ')}.`);
const files = globSync(kinds[kind] as unknown as string[])
  .filter((file) => !file.includes('node_modules'))
  .filter((file) => only.length === 0 || only.some((part) => file.includes(part)))
  .sort();
if (files.length === 0) refuse(`No ${kind} test matches ${only.join(' ') || 'anything'}.`);
if (kind === 'interop') installDebianPackages(interopPackages);
if (kind === 'browser') installDebianPackages(browserPackages);
// Story tests wait for phones more than they compute, so a few more files than cores keep the cores busy; half of the
// interoperation files compute (each AWS CLI command takes a second), so there only two run side by side.
const concurrency = kind === 'unit' ? Math.max(2, availableParallelism()) + 1 : 2;
// What the files of one run share: code that is compiled once, and a database that is made once.
const workshop = mkdtempSync(path.join(tmpdir(), 'ringback-run-'));
// As root the database runs as another user, which must be able to reach its files.
chmodSync(workshop, 0o711);
const env = {
  ...process.env,
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? path.join(workshop, 'compiled'),
  RINGBACK_TEST_DATABASE: path.join(workshop, 'database'),
};
const databaseUsers = files.filter((file) => file.startsWith(path.join('packages', 'server')));
const preparing = databaseUsers.length > 1 ? prepareDatabase() : undefined;
const runner = spawn(
  process.execPath,
  [
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${kind === 'nightly' ? 3_600_000 : 300_000}`,
    '--test-reporter=spec',
    ...files,
  ],
  { stdio: 'inherit', env },
);
runner.on('exit', async (code, signal) => {
  const wasPrepared = (await preparing) ?? true;
  rmSync(workshop, { recursive: true, force: true });
  process.exit(code || signal || !wasPrepared ? code || 1 : 0);
});

function isKind(word: string): word is keyof typeof kinds {
  return Object.hasOwn(kinds, word);
}

/** Ends a run that was asked for wrongly. */
function refuse(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

/** Beside the first files, which do not wait for it. Resolves with whether it went well. */
async function prepareDatabase(): Promise<boolean> {
  const program = path.join('packages', 'server', 'scripts', 'prepare-test-database.ts');
  const child = spawn(process.execPath, [program, env.RINGBACK_TEST_DATABASE], { stdio: 'inherit', env });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code === 0)));
}

function installDebianPackages(packages: readonly string[]): void {
  try {
    ensureDebianPackages(packages);
  } catch (error) {
    if (!(error instanceof DebianPackagesMissing)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
