import { LEADER_LOCK } from './channel.ts';

/**
 * Every tab has this worker; the one that holds the lock leads. The lock belongs to the worker, so it is free only when
 * nothing of the former leader runs any more.
 */
void navigator.locks.request(LEADER_LOCK, async () => {
  const { lead } = await import('./leader.ts');
  await lead();
});
