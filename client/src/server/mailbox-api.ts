import {
  LIMITS,
  type Body,
  type BodyName,
  type DeviceAddress,
  type Dialect,
  type Envelope,
  type ErrorCode,
  type MailboxPage,
  type MessageId,
} from '@restante/protocol';
import { MessengerError } from '../messenger-error.ts';
import { chunksOf } from './chunks.ts';
import { eventStream } from './event-stream.ts';
import type { Http } from './http.ts';

/** One envelope as JSON, with room for its other fields. */
const MAX_EVENT_CHARS = 2 * LIMITS.payloadBytes;

/** Ids of the first page: it is soon there, and what it names is fetched and taken while the next page is read. */
const FIRST_IDS = 250;

/** A stream without even a heartbeat for this long is dead. */
const SILENCE_MS = 60_000;

/** A page, and how many of its envelopes break the protocol: those are left out, so more waits than was read. */
export type ReadPage = MailboxPage & { readonly unreadable: number };

const readPage = ({ messages, ...page }: Body<'mailboxPage'>): ReadPage => {
  const readable = messages.filter((message) => message !== null);
  return { ...page, messages: readable, unreadable: messages.length - readable.length };
};

/** What a node has of a message: its id, and the envelope where an older node gives no ids alone. */
export type Listed = { readonly id: MessageId; readonly envelope: Envelope | null };

/** A page of what a node has, and how much of it breaks the protocol. */
export type Listing = Pick<MailboxPage, 'complete' | 'next' | 'expired'> & {
  readonly listed: readonly Listed[];
  readonly unreadable: number;
};

const readIds = ({ ids, ...page }: Body<'mailboxIds'>): Listing => {
  const listed = ids.flatMap((id) => (id === null ? [] : [{ id, envelope: null }]));
  return { ...page, listed, unreadable: ids.length - listed.length };
};

/** Whose mailbox, at which node, by which right. */
export type MailboxAccess = {
  /** Base URL of the node. */
  readonly node: string;
  readonly mailbox: DeviceAddress;
  readonly token: string;
};

/** The owner's calls to a mailbox node. Each throws a `MessengerError`. */
export type MailboxApi = {
  /** What the mailbox has, in id order, after the id `after`. */
  readonly list: (
    access: MailboxAccess,
    after: MessageId | null,
    signal: AbortSignal,
    timeoutMs: number,
  ) => Promise<Listing>;
  /** A page in id order, after the id `after`. */
  readonly page: (
    access: MailboxAccess,
    after: MessageId | null,
    limit: number,
    signal: AbortSignal,
    timeoutMs: number,
  ) => Promise<ReadPage>;
  /** An id that is not there counts as deleted. */
  readonly delete: (access: MailboxAccess, ids: readonly MessageId[]) => Promise<void>;
  /** Arrivals from now on, until the stream or `signal` ends. `onOpen` is called when the node listens. */
  readonly events: (
    access: MailboxAccess,
    signal: AbortSignal,
    onOpen: () => void,
  ) => AsyncGenerator<Envelope>;
};

const readEvent = <N extends BodyName>({ bodies }: Dialect, name: N, data: string): Body<N> => {
  try {
    return bodies.read[name].parse(JSON.parse(data));
  } catch (cause) {
    throw new MessengerError('bad-answer', 'an event breaks the protocol', { cause });
  }
};

/** Ends that belong to every stream: the next one goes on. */
const USUAL_ENDS: ReadonlySet<ErrorCode> = new Set(['token-expired', 'draining']);

/** Throws what a node says of why it ends a stream, unless every stream ends so. */
const readEnd = ({ code }: Body<'streamEnd'>): void => {
  if (!USUAL_ENDS.has(code)) throw new MessengerError(code, 'the node has ended the stream');
};

export const mailboxApi = (http: Http): MailboxApi => {
  async function* events({ node, mailbox, token }: MailboxAccess, signal: AbortSignal, onOpen: () => void) {
    const silence = new AbortController();
    const end = (): void => silence.abort();
    let watch = setTimeout(end, SILENCE_MS);
    try {
      const { response, dialect } = await http.open({
        server: node,
        path: `/messages/${mailbox.accountId}/events?device=${mailbox.deviceId}`,
        method: 'GET',
        token,
        signal: AbortSignal.any([signal, silence.signal]),
      });
      onOpen();
      const stream = eventStream(chunksOf(response.body), MAX_EVENT_CHARS);
      for await (const { name, data } of stream) {
        clearTimeout(watch);
        watch = setTimeout(end, SILENCE_MS);
        if (name === 'envelope') yield readEvent(dialect, 'mailboxEvent', data);
        else if (name === 'end') readEnd(readEvent(dialect, 'streamEnd', data));
      }
    } finally {
      clearTimeout(watch);
    }
  }

  const ask = <N extends 'mailboxIds' | 'mailboxPage'>(
    answer: N,
    { node, mailbox, token }: MailboxAccess,
    path: string,
    {
      after,
      limit,
      ...bounds
    }: { after: MessageId | null; limit: number; signal: AbortSignal; timeoutMs: number },
  ): Promise<Body<N>> => {
    const query = new URLSearchParams({ device: String(mailbox.deviceId), limit: String(limit) });
    if (after !== null) query.set('after', after);
    return http.ask(answer, {
      ...{ server: node, path: `/messages/${mailbox.accountId}${path}?${query.toString()}` },
      ...{ method: 'GET', token, ...bounds },
    });
  };

  const page: MailboxApi['page'] = async (access, after, limit, signal, timeoutMs) =>
    readPage(await ask('mailboxPage', access, '', { after, limit, signal, timeoutMs }));

  const list: MailboxApi['list'] = async (access, after, signal, timeoutMs) => {
    try {
      const limit = after === null ? FIRST_IDS : LIMITS.idsPerPage;
      return readIds(await ask('mailboxIds', access, '/ids', { after, limit, signal, timeoutMs }));
    } catch (error) {
      if (!(error instanceof MessengerError && error.code === 'not-found')) throw error;
    }
    const { messages, ...rest } = await page(access, after, LIMITS.envelopesPerPage, signal, timeoutMs);
    return { ...rest, listed: messages.map((envelope) => ({ id: envelope.id, envelope })) };
  };

  return {
    list,
    page,
    delete: async ({ node, token }, ids) => {
      await http.ask('deleteResponse', {
        ...{ server: node, path: '/messages/delete', method: 'POST', token },
        body: ['deleteRequest', { ids: [...ids] }],
      });
    },
    events,
  };
};
