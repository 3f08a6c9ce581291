import type { DataKey } from '@restante/client';
import { CHANNEL, LEADER_LOCK, workerLock, type FromLeader, type ToLeader } from './channel.ts';
import { holdLock } from './lifetime-lock.ts';

/**
 * Every tab has this worker; the one that holds the lock leads. The lock belongs to the worker, so it is free only when
 * nothing of the former leader runs any more. The worker's name is its tab's; a worker that cannot lead ends, and its
 * tab starts another.
 */
await holdLock(workerLock(self.name));
self.postMessage('alive');
let dataKey: DataKey | null = null;
const channel = new BroadcastChannel(CHANNEL);
channel.addEventListener('message', ({ data }: MessageEvent<FromLeader>) => {
  if (data.kind === 'key') ({ dataKey } = data);
});
channel.postMessage({ kind: 'successor' } satisfies ToLeader);
try {
  await navigator.locks.request(LEADER_LOCK, async () => {
    channel.close();
    const { lead } = await import('./leader.ts');
    await lead(dataKey);
  });
} finally {
  self.close();
}
