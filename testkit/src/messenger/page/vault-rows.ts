import { indexedDbVault } from '@restante/client/browser';
import { answered } from './answered.ts';
import type { Probe } from './probe-calls.ts';

/** The rows of the messenger's vault, behind its back: sealed or not. A vault with a passphrase is not opened. */

const NAME = 'restante';
const ALL = 10_000_000;

type Vault = Awaited<ReturnType<typeof indexedDbVault>>['vault'];
type Changes = Parameters<Vault['commit']>[0];

/** Whether the messenger has made it ready: until then there is nothing in it. */
const isReady = async (): Promise<boolean> => {
  const database = await answered(indexedDB.open(NAME));
  try {
    if (!database.objectStoreNames.contains('beside')) return false;
    const kept = database.transaction('beside').objectStore('beside').get('seal');
    return (await answered<unknown>(kept)) !== undefined;
  } finally {
    database.close();
  }
};

const inVault = async <T>(use: (vault: Vault) => Promise<T>): Promise<T> => {
  const { vault } = await indexedDbVault(NAME, () => undefined);
  try {
    return await use(vault);
  } finally {
    await vault.close();
  }
};

export const vaultRows: Pick<Probe, 'rows' | 'put' | 'clear'> = {
  rows: async (table) =>
    (await isReady())
      ? ((await inVault((vault) => vault.list(table, { limit: ALL }))) as Awaited<ReturnType<Probe['rows']>>)
      : [],
  put: (table, rows) =>
    inVault((vault) => vault.commit(rows.map((row) => ({ table, ...row })) as unknown as Changes)),
  clear: (table) =>
    inVault(async (vault) => {
      const rows = await vault.list(table, { limit: ALL });
      await vault.commit(rows.map(({ key }) => ({ table, key, value: undefined })) as unknown as Changes);
    }),
};
