/** Makes sure that Debian packages are installed, or says plainly which are not. Used by test.ts for tests with programs of others. */
import { spawnSync } from 'node:child_process';
import process from 'node:process';

/** Packages are missing and cannot be installed from here. The message says which, why, and what to do. */
export class DebianPackagesMissing extends Error {
  override readonly name = 'DebianPackagesMissing';
}

/**
 * Installs those of `packages` that are missing, when this process is root on a Debian-like system; apt-get's output is
 * the progress. Does nothing, without network, when all are there.
 *
 * @throws {DebianPackagesMissing} with the command for a person to run.
 */
export function ensureDebianPackages(packages: readonly string[]): void {
  const missing = missingOf(packages);
  if (missing.length === 0) return;
  const advice = `Install them, then run this again:\n  sudo apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  const refuse = (why: string): never => {
    throw new DebianPackagesMissing(
      `These Debian packages are missing: ${missing.join(', ')}. ${why}\n${advice}`,
    );
  };
  if (process.getuid?.() !== 0) refuse('Only root may install them.');
  if (spawnSync('/usr/bin/apt-get', ['--version']).status !== 0)
    refuse('There is no apt-get on this system.');

  process.stdout.write(`Installing Debian packages, once: ${missing.join(', ')}\n`);
  // An outdated list still names packages that can be had, so only the installation itself decides.
  if (aptGet('update') !== 0)
    process.stderr.write('apt-get update failed; going on with the lists there are.\n');
  const status = aptGet('install', '-y', '--no-install-recommends', ...missing);
  if (status !== 0) refuse(`apt-get install ended with status ${status}; its output is above.`);
  const still = missingOf(packages);
  if (still.length > 0) refuse(`apt-get install ended well, yet dpkg does not know ${still.join(', ')}.`);
}

/** Without dpkg every package counts as missing. */
function missingOf(packages: readonly string[]): readonly string[] {
  return packages.filter((name) => {
    const query = spawnSync('/usr/bin/dpkg', ['--status', name], { encoding: 'utf8' });
    return query.status !== 0 || !query.stdout.includes('\nStatus: install ok installed\n');
  });
}

function aptGet(...command: readonly string[]): number | null {
  const settings = ['Acquire::Retries=3', 'Acquire::http::Timeout=30', 'DPkg::Lock::Timeout=120'];
  return spawnSync(
    '/usr/bin/apt-get',
    ['-q', ...settings.flatMap((setting) => ['-o', setting]), ...command],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    },
  ).status;
}
