import { expect, test } from 'vitest';
import { buildWebClient } from './build.ts';
import { gzippedBytes, scriptsOfScreen } from './first-screen.ts';

/** Gzipped, page and engine together. What does not fit is loaded when it is needed: `Lazy` in the page, `codeOnDemand` in the engine. */
const BUDGET_BYTES = 130_000;

test.each(['Welcome', 'Main'] as const)(
  'scripts of the first screen keep to their budget: %s',
  { timeout: 300_000 },
  async (screen) => {
    const folder = await buildWebClient();
    const { page, engine } = scriptsOfScreen(folder, screen);
    const heaviest = [...page, ...engine]
      .map((path) => ({ path, bytes: gzippedBytes(folder, [path]) }))
      .sort((a, b) => b.bytes - a.bytes)
      .map(({ path, bytes }) => `${bytes} ${path}`);
    const bytes = gzippedBytes(folder, page) + gzippedBytes(folder, engine);
    expect(bytes, heaviest.join('\n')).toBeLessThanOrEqual(BUDGET_BYTES);
  },
);
