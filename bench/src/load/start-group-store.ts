import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A server that stores each document that is posted to it, together with what arrives meanwhile, and does nothing else. */
export type GroupStore = AsyncDisposable & { readonly url: string };

/** `couchUrl`: with credentials. */
export const startGroupStore = async (couchUrl: string, database: string): Promise<GroupStore> => {
  const child = fork(fileURLToPath(new URL('./group-store.ts', import.meta.url)), [couchUrl, database]);
  const [port] = (await once(child, 'message')) as [number];
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      child.disconnect();
      await once(child, 'exit');
    },
  };
};
