/** What the browser says of the storage of this site. */
export type StorageUse = { readonly usedBytes: number; readonly quotaBytes: number };

export const storageUse = async (): Promise<StorageUse> => {
  const { usage = 0, quota = 0 } = await navigator.storage.estimate();
  return { usedBytes: usage, quotaBytes: quota };
};

/** Whether the browser has promised not to wipe the storage by itself. */
export const isPersistent = (): Promise<boolean> => navigator.storage.persisted().catch(() => false);

/** Asks for that promise; the browser may ask the person. */
export const askForPersistence = async (): Promise<boolean> =>
  (await isPersistent()) || (await navigator.storage.persist().catch(() => false));
