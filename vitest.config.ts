import { svelte } from '@sveltejs/vite-plugin-svelte';
import { configDefaults, defineConfig } from 'vitest/config';

/** State classes of the page are Svelte modules, and need its build for browsers. */
const PAGE = 'web-client/src/{state,conversation,screens,services,i18n}/**/*.test.ts';

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 240_000,
    hookTimeout: 300_000,
    teardownTimeout: 20_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: [
            '*/src/**/*.test.ts',
            'couchdb/**/*.test.ts',
            'web-client/build/**/*.test.ts',
            'e2e/**/*.test.ts',
          ],
          // Those of `npm run test:servers` need the right to make network namespaces.
          exclude: [...configDefaults.exclude, PAGE, 'e2e/servers/**'],
        },
      },
      {
        extends: true,
        plugins: [svelte({ configFile: 'web-client/svelte.config.js' })],
        resolve: { conditions: ['browser'] },
        test: { name: 'page', include: [PAGE] },
      },
    ],
  },
});
