import { ObjectStoreError, type Logger, type ObjectStore } from '@restante/service-kit';
import { PARTS_PREFIX } from './part-keys.ts';

export type S3State = 'unknown' | 'up' | 'down' | 'refused';

/** What is known of the object store, as the last look at it told. */
export type S3Condition = {
  readonly state: () => S3State;
  readonly reason: () => string | undefined;
  /** Looks at it. Logs when the state changes. */
  readonly look: () => Promise<void>;
};

export const createS3Condition = (
  log: Logger,
  objects: Pick<ObjectStore, 'list'>,
  where: { readonly endpoint: string; readonly bucket: string },
): S3Condition => {
  let state: S3State = 'unknown';
  let reason: string | undefined;
  const set = (next: S3State, why?: string): void => {
    reason = why;
    if (next === state) return;
    state = next;
    const fields = { event: 'object-store', state, reason, ...where };
    log[next === 'up' ? 'info' : 'error'](fields, `object store: ${next}`);
  };
  return {
    state: () => state,
    reason: () => reason,
    look: async () => {
      try {
        await objects.list(PARTS_PREFIX);
        set('up');
      } catch (error) {
        const message = error instanceof Error ? error.message : 'unknown';
        set(error instanceof ObjectStoreError ? 'refused' : 'down', message.slice(0, 200));
      }
    },
  };
};
