/** Makes a package publishable: JavaScript and declarations in `dist`, and a package.json that points there. `postpack` takes it back. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const packageDir = process.cwd();
const manifestFile = path.join(packageDir, 'package.json');
/** The manifest as it stands in the repository, kept while the packed one takes its place. */
const keptManifest = path.join(packageDir, 'package.json.kept');

interface Manifest {
  private?: boolean;
  exports?: Record<string, string>;
  bin?: Record<string, string>;
  files?: string[];
  scripts?: Record<string, string>;
}

/** Folders beside `src` that a package reads at run time. */
const dataFolders = ['audio'] as const;

if (process.argv[2] === 'post') takeBack();
else prepare();

function prepare(): void {
  if (existsSync(keptManifest)) takeBack();
  rmSync(path.join(packageDir, 'dist'), { recursive: true, force: true });
  compile();
  copySqlFiles();
  copyFileSync(manifestFile, keptManifest);
  writeFileSync(manifestFile, `${JSON.stringify(packed(readManifest()), null, 2)}\n`);
}

function takeBack(): void {
  if (existsSync(keptManifest)) renameSync(keptManifest, manifestFile);
}

/** Node strips no types below `node_modules`, so what is published is JavaScript. */
function compile(): void {
  const project = path.join(packageDir, 'tsconfig.pack.json');
  writeFileSync(
    project,
    JSON.stringify({
      extends: path.relative(packageDir, path.join(root, 'tsconfig.json')),
      compilerOptions: {
        noEmit: false,
        allowImportingTsExtensions: false,
        rewriteRelativeImportExtensions: true,
        declaration: true,
        rootDir: 'src',
        outDir: 'dist',
      },
      include: ['src'],
      exclude: ['src/**/*.test.ts', 'src/**/*fixture.ts', 'src/test-support'],
    }),
  );
  const tsc = path.join(root, 'node_modules', '.bin', 'tsc');
  const { status } = spawnSync(tsc, ['-p', project], { stdio: 'inherit' });
  rmSync(project);
  if (status !== 0) throw new Error(`TypeScript could not compile ${packageDir}.`);
}

function copySqlFiles(): void {
  const migrations = path.join(packageDir, 'src', 'store', 'migrations');
  if (existsSync(migrations)) {
    cpSync(migrations, path.join(packageDir, 'dist', 'store', 'migrations'), { recursive: true });
  }
}

function packed(manifest: Manifest): object {
  const { private: _, scripts: __, ...rest } = manifest;
  return {
    ...rest,
    files: ['dist', ...dataFolders.filter((folder) => existsSync(path.join(packageDir, folder)))],
    ...(manifest.exports
      ? {
          exports: Object.fromEntries(
            Object.entries(manifest.exports).map(([name, file]) => [
              name,
              { types: compiled(file, '.d.ts'), default: compiled(file, '.js') },
            ]),
          ),
        }
      : {}),
    ...(manifest.bin
      ? {
          bin: Object.fromEntries(
            Object.entries(manifest.bin).map(([name, file]) => [name, compiled(file, '.js')]),
          ),
        }
      : {}),
  };
}

function compiled(file: string, extension: string): string {
  return file.replace('./src/', './dist/').replace(/\.ts$/, extension);
}

function readManifest(): Manifest {
  return JSON.parse(readFileSync(manifestFile, 'utf8')) as Manifest;
}
