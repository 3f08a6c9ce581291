import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Scripts by path, such as `/assets/app-1a2b3c4d.js`. */
type Scripts = ReadonlySet<string>;

/** What is loaded until a screen is there, by who loads it. */
export type ScreenScripts = { readonly page: Scripts; readonly engine: Scripts };

const STATIC_IMPORT = /(?:\bfrom|\bimport)\s*["'`]\.\/([\w.-]+\.js)["'`]/g;
const NAMED_SCRIPT = /["'`(](?:\.\/|\/?assets\/)?([\w.-]+\.js)["'`)]/g;
const ENTRY = /<script[^>]+src="\/assets\/([^"]+)"/;

const found = (pattern: RegExp, text: string): string[] =>
  [...text.matchAll(pattern)].map(([, name = '']) => name);

/**
 * Reads in a built messenger which scripts are loaded for a screen: the page's entry and the screen's own, and the engine's worker with what
 * leads, each with all that these import at once. What they import when it is needed is none of them.
 */
export const scriptsOfScreen = (folder: string, screen: 'Welcome' | 'Main'): ScreenScripts => {
  const read = (name: string): string => readFileSync(join(folder, 'assets', name), 'utf8');
  const withImports = (name: string, known: Set<string>): Set<string> => {
    if (known.has(name)) return known;
    known.add(name);
    for (const imported of found(STATIC_IMPORT, read(name))) withImports(imported, known);
    return known;
  };
  /** The script of this source file that one of these loads when it is needed. */
  const loadedBy = (names: Iterable<string>, source: string): string => {
    const named = [...names].flatMap((name) => found(NAMED_SCRIPT, read(name)));
    const script = named.find((name) => name.startsWith(`${source}-`));
    if (script === undefined) throw new Error(`nothing of the first screen loads ${source}`);
    return script;
  };
  const paths = (names: Iterable<string>): Scripts => new Set([...names].map((name) => `/assets/${name}`));

  const entry = ENTRY.exec(readFileSync(join(folder, 'index.html'), 'utf8'))?.[1];
  if (entry === undefined) throw new Error('index.html has no script');
  const page = withImports(entry, new Set());
  const worker = loadedBy(page, 'worker');
  withImports(loadedBy(page, screen), page);
  const engine = withImports(worker, new Set());
  withImports(loadedBy(engine, 'leader'), engine);
  return { page: paths(page), engine: paths(engine) };
};

/** What these scripts weigh when they are sent, in bytes. */
export const gzippedBytes = (folder: string, scripts: Iterable<string>): number =>
  [...scripts].reduce(
    (sum, path) => sum + gzipSync(readFileSync(join(folder, path)), { level: 9 }).length,
    0,
  );
