import type { Engine } from '../engine/engine.ts';
import { StoredChoice } from './stored.svelte.ts';

const MINUTE_MS = 60_000;
const CHOICES = {
  minute: MINUTE_MS,
  quarter: 15 * MINUTE_MS,
  hour: 60 * MINUTE_MS,
  hours: 8 * 60 * MINUTE_MS,
  never: null,
} as const;
export type LockAfter = keyof typeof CHOICES;
export const LOCK_AFTER = Object.keys(CHOICES) as LockAfter[];

/** After which time without anybody a messenger with a passphrase locks. */
export const lockAfterChoice = (engine: Pick<Engine, 'lockAfter'>): StoredChoice<LockAfter> =>
  new StoredChoice<LockAfter>('lock-after', ['quarter', ...LOCK_AFTER], (choice) =>
    engine.lockAfter(CHOICES[choice]),
  );
