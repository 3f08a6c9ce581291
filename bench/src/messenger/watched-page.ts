import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BrowserContext } from 'playwright-core';
import { transformWithOxc } from 'vite';

const WATCH = fileURLToPath(new URL('page/watch.ts', import.meta.url));

/** Every page of this context can be asked what the measurements want to know (`watch`). */
export const watchPages = async (context: BrowserContext): Promise<void> => {
  const { code } = await transformWithOxc(readFileSync(WATCH, 'utf8'), WATCH);
  // A script, not a module.
  await context.addInitScript({ content: code.replace('export {};', '') });
};
