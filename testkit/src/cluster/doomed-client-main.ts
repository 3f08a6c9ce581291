import { createMessenger, type Vault } from '@restante/client';
import { libsignalRatchet, sqliteVault } from '@restante/client/node';
import type { ShownText } from './doomed-client.ts';
import { TEST_PACE } from './person.ts';

/**
 * A messenger in a process of its own: `doomed-client-main.ts <vault file> <masters, separated by commas>`. It kills itself as soon as the
 * transaction that keeps an incoming message has been committed, before anything can be deleted from a node.
 */

const [vaultFile = '', masters = ''] = process.argv.slice(2);

const dyingVault = (vault: Vault): Vault => ({
  ...vault,
  commit: async (changes) => {
    await vault.commit(changes);
    const kept = changes.some(({ table, value }) => table === 'pendingDeletes' && value !== undefined);
    if (kept) process.kill(process.pid, 'SIGKILL');
  },
});

const messenger = createMessenger({
  masters: masters.split(','),
  vault: dyingVault(sqliteVault(vaultFile)),
  ratchet: libsignalRatchet(),
  ...TEST_PACE,
});
messenger.on('message', ({ direction, text }) => {
  if (direction === 'in') process.send?.({ text } satisfies ShownText);
});
process.on('disconnect', () => process.exit(0));
await messenger.start();
