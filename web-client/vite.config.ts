import { join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';
import { createIntegrity } from './build/integrity.ts';

const integrity = createIntegrity();

export default defineConfig({
  root: import.meta.dirname,
  publicDir: join(import.meta.dirname, 'public'),
  plugins: [
    svelte(),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: join(import.meta.dirname, 'service-worker'),
      filename: 'service-worker.ts',
      injectRegister: false,
      injectManifest: {
        rollupFormat: 'iife',
        globPatterns: ['**/*.{js,css,html,svg,png,woff2,webmanifest}'],
        manifestTransforms: [integrity.addToFiles],
      },
      // It is a file in `public/`.
      manifest: false,
    }),
    integrity.plugin,
  ],
  worker: { format: 'es' },
  build: { target: 'es2023', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
});
