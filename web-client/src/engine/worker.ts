import { LEADER_LOCK, workerLock } from './channel.ts';
import { holdLock } from './lifetime-lock.ts';

/**
 * Every tab has this worker; the one that holds the lock leads. The lock belongs to the worker, so it is free only when
 * nothing of the former leader runs any more. The worker's name is its tab's; a worker that cannot lead ends, and its
 * tab starts another.
 */
await holdLock(workerLock(self.name));
self.postMessage('alive');
try {
  await navigator.locks.request(LEADER_LOCK, async () => {
    const { lead } = await import('./leader.ts');
    await lead();
  });
} finally {
  self.close();
}
