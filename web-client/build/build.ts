import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { INTEGRITY_FILE, measureIntegrity } from './integrity.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const VITE = fileURLToPath(new URL('bin/vite.js', import.meta.resolve('vite/package.json')));
const BUILDS = join(ROOT, 'web-client', 'dist');

/** What the built messenger is made of. */
const SOURCES = [
  'package-lock.json',
  'client/package.json',
  'client/src',
  'protocol/src',
  'signal/src',
  'web-client/build',
  'web-client/index.html',
  'web-client/public',
  'web-client/service-worker',
  'web-client/src',
  'web-client/svelte.config.js',
  'web-client/vite.config.ts',
];

const filesOf = (path: string): string[] =>
  statSync(path).isDirectory()
    ? readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((file) => file.isFile())
        .map((file) => join(file.parentPath, file.name))
        .sort()
    : [path];

/** Names the sources as they are. */
const fingerprint = (): string => {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap((source) => filesOf(join(ROOT, source)))) {
    hash
      .update(`${file.slice(ROOT.length)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 16);
};

const runVite = async (outDir: string): Promise<void> => {
  const vite = spawn(
    process.execPath,
    [VITE, 'build', '--outDir', outDir, '--emptyOutDir', '--logLevel', 'warn'],
    {
      cwd: join(ROOT, 'web-client'),
      // Whatever runs this, a test too: the build is the one that people get.
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let errors = '';
  vite.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [code] = (await once(vite, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the messenger could not be built:\n${errors}`);
};

/** Builds the messenger into a folder, `integrity.json` included. The same sources give the same files anywhere. */
export const buildWebClientInto = async (outDir: string): Promise<void> => {
  await runVite(outDir);
  writeFileSync(join(outDir, INTEGRITY_FILE), `${JSON.stringify(measureIntegrity(outDir), null, 2)}\n`);
};

/**
 * Builds the messenger, unless these very sources have been built, and answers with the folder of its files. Among
 * them is `integrity.json`: the integrity of every other file by its path.
 */
export const buildWebClient = async (): Promise<string> => {
  const built = join(BUILDS, fingerprint());
  if (existsSync(built)) return built;
  await mkdir(BUILDS, { recursive: true });
  const outDir = await mkdtemp(join(BUILDS, 'building-'));
  try {
    await buildWebClientInto(outDir);
    // Somebody else may have built the same meanwhile.
    await rename(outDir, built).catch((error: unknown) => {
      if (!existsSync(built)) throw error;
    });
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
  return built;
};
