import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import type { Plugin } from 'vite';

/** Subresource Integrity value of a file. */
export const integrityOf = (content: Uint8Array): string =>
  `sha384-${createHash('sha384').update(content).digest('base64')}`;

/** The manifest of a built messenger: the integrity of every file by its path, such as `/index.html`. */
export type IntegrityManifest = Readonly<Record<string, string>>;

export const INTEGRITY_FILE = 'integrity.json';

export const measureIntegrity = (folder: string): IntegrityManifest =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile() && file.name !== INTEGRITY_FILE)
      .map((file) => join(file.parentPath, file.name))
      .map((path): [string, string] => [
        `/${relative(folder, path).split(sep).join('/')}`,
        integrityOf(readFileSync(path)),
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/** Scripts and styles in `index.html` carry their integrity. */
const addIntegrity = (html: string, folder: string): string =>
  html.replace(/<(?:script|link)[^>]+(?:src|href)="(\/assets\/[^"]+)"/g, (tag, path: string) => {
    const value = integrityOf(readFileSync(join(folder, path)));
    return tag.includes('integrity=') ? tag : `${tag} integrity="${value}"`;
  });

/** Sees to it that the page names the integrity of its scripts and styles, and the service worker that of each file. */
export const createIntegrity = () => {
  let outDir = '';
  const plugin: Plugin = {
    name: 'integrity',
    apply: 'build',
    configResolved: (config) => {
      outDir = resolve(config.root, config.build.outDir);
    },
    writeBundle: {
      order: 'post',
      sequential: true,
      handler: () => {
        const page = join(outDir, 'index.html');
        writeFileSync(page, addIntegrity(readFileSync(page, 'utf8'), outDir));
      },
    },
  };
  /** Files that the service worker keeps, each with its integrity in place of a revision. */
  const addToFiles = (files: readonly { readonly url: string; readonly size: number }[]) => ({
    manifest: files
      .map(({ url, size }) => ({
        url,
        size,
        revision: null,
        integrity: integrityOf(readFileSync(join(outDir, url))),
      }))
      .sort((a, b) => (a.url < b.url ? -1 : 1)),
  });
  return { plugin, addToFiles };
};
