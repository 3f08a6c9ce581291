import { mailboxPage, type MailboxPage, type MessageId } from '@restante/protocol';
import type { Person } from './person.ts';

/** Somebody's mailbox on one node, over its HTTP API, without a messenger. */
export type Mailbox = {
  /** The first page. */
  readonly read: () => Promise<MailboxPage>;
  readonly delete: (ids: readonly MessageId[]) => Promise<void>;
};

/** `node`: URL of a mailbox node. */
export const openMailbox = async (node: string, person: Person): Promise<Mailbox> => {
  const { mailboxToken } = await person.session();
  const { accountId, deviceId } = person.address;
  const headers = { authorization: `Bearer ${mailboxToken}`, 'content-type': 'application/json' };
  const ask = async (path: string, init: RequestInit): Promise<unknown> => {
    const answer = await fetch(node + path, { ...init, headers });
    if (!answer.ok) throw new Error(`${answer.status} for ${path}`);
    return answer.json();
  };
  return {
    read: async () => mailboxPage.parse(await ask(`/messages/${accountId}?device=${deviceId}&limit=500`, {})),
    delete: async (ids) => {
      await ask('/messages/delete', { method: 'POST', body: JSON.stringify({ ids }) });
    },
  };
};
