import type { Bug } from './bug.ts';

const PRELOAD = new URL('load-patched.ts', import.meta.url).href;

/** Environment of a process that has the bug. No code is taken from a cache, in which it would not be. */
export const plantedEnvironment = ({ name }: Bug): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import ${PRELOAD}`,
  NODE_DISABLE_COMPILE_CACHE: '1',
  PLANTED_BUG: name,
});
