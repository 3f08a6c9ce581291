import { setTimeout as sleep } from 'node:timers/promises';
import type { CellNode } from '@restante/master-node';
import {
  errorBody,
  LIMITS,
  PROTOCOL_VERSION,
  VERSION_HEADER,
  VERSIONS,
  type Body,
  type DeviceAddress,
  type Envelope,
  type MessageId,
  type StoredEnvelope,
  type StoreResult,
} from '@restante/protocol';
import type { TokenSigner } from '@restante/service-kit';

/** What a mailbox node is asked when mail is moved: as its owner reads and deletes it, and as a master stores it. */
export type MailboxCalls = {
  /** Ids of all that waits; `isWhole`: the node has all that it should have. */
  readonly ids: (
    node: CellNode,
    mailbox: DeviceAddress,
  ) => Promise<{ readonly ids: readonly MessageId[]; readonly isWhole: boolean }>;
  /** What waits, a page at a time, in the order of ids. Throws in the end when the node does not have all that it should have. */
  readonly pages: (node: CellNode, mailbox: DeviceAddress) => AsyncGenerator<readonly Envelope[]>;
  /** One result for each, in order. */
  readonly store: (node: CellNode, envelopes: readonly StoredEnvelope[]) => Promise<readonly StoreResult[]>;
  readonly delete: (node: CellNode, mailbox: DeviceAddress, ids: readonly MessageId[]) => Promise<void>;
};

/** A node does not do what it is asked. */
export class NodeCallError extends Error {
  override readonly name = 'NodeCallError';
}

/** As what is heard is read, in the newest version. */
const { read } = VERSIONS[0].bodies;

const TOKEN_MS = 10 * 60_000;
const TIMEOUT_MS = 30_000;
const TRIES = 5;
const PAUSE_MS = 1_000;

/** `signal` ends what is under way. Each call is tried again a few times, later when the node says so. */
export const createMailboxCalls = (signer: TokenSigner, signal: AbortSignal): MailboxCalls => {
  const once = async (
    { name, url }: CellNode,
    path: string,
    token: string,
    body?: string,
  ): Promise<unknown> => {
    const answer = await fetch(url + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        [VERSION_HEADER]: String(PROTOCOL_VERSION),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    const json: unknown = await answer.json();
    if (answer.ok) return json;
    const { code = 'internal', retryAfterMs } = errorBody.safeParse(json).data ?? {};
    throw new NodeCallError(`${name} answered ${answer.status}, ${code}`, { cause: retryAfterMs });
  };

  const ask = async <T>(
    schema: { readonly parse: (json: unknown) => T },
    node: CellNode,
    path: string,
    tokenOf: () => Promise<string>,
    body?: object,
  ): Promise<T> => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return schema.parse(await once(node, path, await tokenOf(), text));
      } catch (error) {
        signal.throwIfAborted();
        if (attempt === TRIES)
          throw error instanceof NodeCallError
            ? error
            : new NodeCallError(`${node.name} does not answer`, { cause: error });
        const later = error instanceof NodeCallError && typeof error.cause === 'number' ? error.cause : 0;
        await sleep(Math.max(later, PAUSE_MS), undefined, { signal });
      }
    }
  };

  /** Without a generation, as masters sign for what they do on somebody's behalf. */
  const asOwner = (mailbox: DeviceAddress) => () => signer.device(mailbox, 'mailbox', Date.now() + TOKEN_MS);
  const asMaster = () => signer.master(Date.now() + TOKEN_MS);
  const mailboxPath = (
    { accountId, deviceId }: DeviceAddress,
    what: string,
    limit: number,
    after: MessageId | null,
  ): string => {
    const query = new URLSearchParams({ device: String(deviceId), limit: String(limit) });
    if (after !== null) query.set('after', after);
    return `/messages/${accountId}${what}?${query.toString()}`;
  };

  return {
    ids: async (node, mailbox) => {
      const ids: MessageId[] = [];
      for (let after: MessageId | null = null; ;) {
        const path = mailboxPath(mailbox, '/ids', LIMITS.idsPerPage, after);
        const page: Body<'mailboxIds'> = await ask(read.mailboxIds, node, path, asOwner(mailbox));
        ids.push(...page.ids.filter((id) => id !== null));
        if (page.complete || page.next === null) return { ids, isWhole: page.complete };
        after = page.next;
      }
    },
    pages: async function* (node, mailbox) {
      for (let after: MessageId | null = null; ;) {
        const path = mailboxPath(mailbox, '', LIMITS.envelopesPerPage, after);
        const page: Body<'mailboxPage'> = await ask(read.mailboxPage, node, path, asOwner(mailbox));
        yield page.messages.filter((message) => message !== null);
        if (page.complete) return;
        if (page.next === null) throw new NodeCallError(`${node.name} is being filled by the others`);
        after = page.next;
      }
    },
    store: async (node, envelopes) => {
      const { results } = await ask(read.storeResponse, node, '/messages', asMaster, { envelopes });
      if (results.length !== envelopes.length) throw new NodeCallError(`${node.name} answered wrongly`);
      return results;
    },
    delete: async (node, mailbox, ids) => {
      for (let first = 0; first < ids.length; first += LIMITS.idsPerAcknowledge) {
        const part = ids.slice(first, first + LIMITS.idsPerAcknowledge);
        await ask(read.deleteResponse, node, '/messages/delete', asOwner(mailbox), { ids: part });
      }
    },
  };
};
