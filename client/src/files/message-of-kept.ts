import { authoredKey } from '../vault/keys.ts';
import type { Store } from '../vault/store.ts';
import type { KeptFile, Message } from '../vault/tables.ts';

/** The message that something is kept for under this name, and its author, be it put away; null: it is not here. */
export const messageOfKept = async (
  store: Pick<Store, 'get'>,
  name: string,
): Promise<{ readonly owner: KeptFile; readonly message: Message } | null> => {
  const owner = await store.get('keptFiles', name);
  const key = owner && (await store.get('messageKeys', authoredKey(owner.author, owner.message)));
  const message =
    key === undefined ? undefined : ((await store.get('messages', key)) ?? (await store.get('putAway', key)));
  return owner && message ? { owner, message } : null;
};
