import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** Builds the page in this folder with everything that the web messenger's build does, into another folder. */
export const buildMessengerPage = async (folder: string, outDir: string): Promise<void> => {
  await build({
    root: folder,
    configFile: fileURLToPath(import.meta.resolve('@restante/web-client/vite-config')),
    logLevel: 'warn',
    build: { outDir, emptyOutDir: true },
  });
};
