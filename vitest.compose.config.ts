import { defineConfig } from 'vitest/config';

/** `npm run test:compose`: the stack of docker-compose.prod.yml, built and run by a Docker engine. */
export default defineConfig({
  test: {
    include: ['e2e/compose/*.compose.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // The certificate is one that scripts/deploy has made.
    env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
  },
});
