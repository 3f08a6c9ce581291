import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** The packages that Restante is built on are the ones that do the work. */

type Manifest = {
  readonly name: string;
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
};

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const manifest = (folder: string): Manifest => JSON.parse(read(`${folder}/package.json`)) as Manifest;

const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', '.data']);

/** Sources of a folder, as paths from the root. */
const sourcesIn = (folder: string): readonly string[] =>
  readdirSync(new URL(`../${folder}`, import.meta.url), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return SKIPPED_FOLDERS.has(entry.name) ? [] : sourcesIn(path);
    return /\.(ts|js|mjs|svelte|css)$/.test(entry.name) ? [path] : [];
  });

/** What is imported or resolved somewhere in these sources, whole packages and parts of them. */
const importedBy = (folder: string): ReadonlySet<string> => {
  const specifiers = sourcesIn(folder).flatMap((path) =>
    [...read(path).matchAll(/(?:from|import|import\(|resolve\(|require\()\s*'([^'.][^']*)'/g)].map(
      ([, specifier]) => specifier!,
    ),
  );
  return new Set(
    specifiers.map((specifier) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    ),
  );
};

/** Packages that the order names, with a workspace that is built on each. */
const ORDERED: readonly (readonly [string, string])[] = [
  ['express', 'master-node'],
  ['express', 'mailbox-node'],
  ['ws', 'master-node'],
  ['nano', 'service-kit'],
  ['zod', 'protocol'],
  ['pino', 'service-kit'],
  ['prom-client', 'service-kit'],
  ['uuid', 'protocol'],
  ['uuid', 'web-client'],
  ['idb', 'client'],
  ['@signalapp/libsignal-client', 'client'],
  ['svelte', 'web-client'],
  ['@noble/curves', 'signal'],
  ['@noble/ciphers', 'signal'],
  ['@noble/hashes', 'signal'],
  ['@noble/post-quantum', 'signal'],
];

describe('a package', () => {
  it.each(ORDERED)('%s is a dependency of %s and imported there', (name, folder) => {
    expect(Object.keys(manifest(folder).dependencies ?? {})).toContain(name);
    expect([...importedBy(folder)]).toContain(name);
  });

  const { workspaces = [] } = manifest('.');
  it.each(workspaces)('that %s depends on is imported there', (folder) => {
    const imported = importedBy(folder);
    const dependencies = Object.keys(manifest(folder).dependencies ?? {});
    expect(dependencies.filter((name) => !imported.has(name))).toEqual([]);
  });

  it('makes the ids: no other source puts a UUIDv7 together', () => {
    expect(read('protocol/src/message-id.ts')).toMatch(/import \{ v7 \} from 'uuid';/);
    expect(read('web-client/src/engine/request-id.ts')).toMatch(/import \{ v7 \} from 'uuid';/);
    const others = workspaces
      .filter((folder) => folder !== 'e2e')
      .flatMap(sourcesIn)
      .filter((path) => !path.includes('.test.') && !path.includes('.model.'));
    expect(others.filter((path) => /VERSION_7|-7\$\{/.test(read(path)))).toEqual([]);
  });
});
