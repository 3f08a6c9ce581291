import { defineConfig } from 'vitest/config';

/** `npm run test:servers`: cells of three servers, each a network namespace with processes of its own. Needs root. */
export default defineConfig({
  test: {
    include: ['e2e/servers/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
  },
});
