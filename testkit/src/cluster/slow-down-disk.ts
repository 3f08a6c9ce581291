import { setTimeout as sleep } from 'node:timers/promises';
import { ClassicLevel } from 'classic-level';
import { followNumber } from './told-number.ts';

/**
 * Loaded into an embedded CouchDB before it starts (`node --import`): each write of a database comes so many milliseconds after
 * the one before it as stand in `DISK_FILE`. What is read comes at once.
 */
const writeMs = followNumber(process.env['DISK_FILE'] ?? '');

const POLL_MS = 20;

type Batch = (this: ClassicLevel, ...given: unknown[]) => Promise<void>;
const prototype = ClassicLevel.prototype as unknown as { batch: Batch };
const batch = prototype.batch;
const last = new WeakMap<ClassicLevel, Promise<unknown>>();

const late = async (): Promise<void> => {
  for (let waitedMs = 0; waitedMs < writeMs(); waitedMs += POLL_MS) await sleep(POLL_MS);
};

prototype.batch = function (...given) {
  const written = (last.get(this) ?? Promise.resolve()).then(late).then(() => batch.apply(this, given));
  last.set(
    this,
    written.catch(() => undefined),
  );
  return written;
};
