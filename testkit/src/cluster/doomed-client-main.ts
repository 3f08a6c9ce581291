import { createMessenger, type Vault } from '@restante/client';
import { libsignalRatchet, sqliteVault } from '@restante/client/node';
import type { ClientReport, ClientRequest } from './client-process.ts';
import { TEST_PACE } from './person.ts';

/**
 * A messenger in a process of its own, so that it can be killed: `client-main.ts <vault file> <masters, separated by
 * commas> [die-after-receipt]`. With the last one it kills itself as soon as the transaction that keeps an
 * incoming message has been committed, before anything can be deleted from a node.
 */

const [vaultFile = '', masters = '', mode] = process.argv.slice(2);
const report = (message: ClientReport): void => void process.send?.(message);

const dyingVault = (vault: Vault): Vault => ({
  ...vault,
  commit: async (changes) => {
    await vault.commit(changes);
    const kept = changes.some(({ table, value }) => table === 'pendingDeletes' && value !== undefined);
    if (kept) process.kill(process.pid, 'SIGKILL');
  },
});

const vault = sqliteVault(vaultFile);
const messenger = createMessenger({
  masters: masters.split(','),
  vault: mode === 'die-after-receipt' ? dyingVault(vault) : vault,
  ratchet: libsignalRatchet(),
  ...TEST_PACE,
});
messenger.on('message', ({ direction, text }) => {
  if (direction === 'in') report({ type: 'shown', text });
});
process.on('message', ({ to, text, request }: ClientRequest) => {
  messenger.sendText(to, text).then(
    () => report({ type: 'queued', request }),
    (error: unknown) => report({ type: 'failed', request, reason: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
await messenger.start();
report({ type: 'started' });
