import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { build } from 'vite';

/** Contents by path, such as `/index.html`. */
export type BuiltPage = ReadonlyMap<string, Buffer>;

/** Bundles the page whose `index.html` lies in this folder, as the web messenger's are, by Vite. */
export const buildPage = async (folder: string): Promise<BuiltPage> => {
  const outDir = await mkdtemp(join(tmpdir(), 'page-'));
  try {
    await build({
      root: folder,
      configFile: false,
      logLevel: 'warn',
      worker: { format: 'es' },
      build: { outDir, emptyOutDir: true, target: 'es2022' },
    });
    const files = readdirSync(outDir, { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    return new Map(
      files.map((file) => {
        const path = join(file.parentPath, file.name);
        return [`/${relative(outDir, path).split(sep).join('/')}`, readFileSync(path)];
      }),
    );
  } finally {
    await rm(outDir, { recursive: true });
  }
};
