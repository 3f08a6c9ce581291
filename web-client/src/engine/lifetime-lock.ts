/** Web Locks as signs of life: a lock is free as soon as its holder is gone, also when it crashed. */

/** Holds a lock until the returned function is called. Resolves when the lock is held. */
export const holdLock = async (name: string, mode: LockMode = 'exclusive'): Promise<() => void> => {
  const held = Promise.withResolvers<undefined>();
  const ended = Promise.withResolvers<undefined>();
  navigator.locks
    .request(name, { mode }, () => {
      held.resolve(undefined);
      return ended.promise;
    })
    .catch(held.reject);
  await held.promise;
  return () => ended.resolve(undefined);
};

/** Resolves when nobody holds the lock any more. */
export const lockReleased = (name: string): Promise<void> => navigator.locks.request(name, () => undefined);
