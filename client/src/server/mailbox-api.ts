import {
  deleteResponse,
  envelope,
  errorCode,
  LIMITS,
  mailboxEvent,
  mailboxPage,
  type DeviceAddress,
  type Envelope,
  type ErrorCode,
  type MailboxPage,
  type MessageId,
} from '@restante/protocol';
import * as z from 'zod/mini';
import { MessengerError } from '../messenger-error.ts';
import { chunksOf } from './chunks.ts';
import { eventStream } from './event-stream.ts';
import { request, requestJson, type Fetch } from './http.ts';

/** One envelope as JSON, with room for its other fields. */
const MAX_EVENT_CHARS = 2 * LIMITS.payloadBytes;

/** A stream without even a heartbeat for this long is dead. */
const SILENCE_MS = 60_000;

/** A page, and how many of its envelopes break the protocol: those are left out, so more waits than was read. */
export type ReadPage = MailboxPage & { readonly unreadable: number };

const pageOfAnything = z.extend(mailboxPage, { messages: z.array(z.unknown()) });

const readPage = ({ messages, ...page }: z.infer<typeof pageOfAnything>): ReadPage => {
  const readable = messages.flatMap((message) => envelope.safeParse(message).data ?? []);
  return { ...page, messages: readable, unreadable: messages.length - readable.length };
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

const readJson = <T>(schema: z.ZodMiniType<T>, data: string): T => {
  try {
    return schema.parse(JSON.parse(data));
  } catch (cause) {
    throw new MessengerError('bad-answer', 'an event breaks the protocol', { cause });
  }
};

const streamEnd = z.object({ code: errorCode });

/** Ends that belong to every stream: the next one goes on. */
const USUAL_ENDS: ReadonlySet<ErrorCode> = new Set(['token-expired', 'draining']);

/** Throws what a node says of why it ends a stream, unless every stream ends so. */
const readEnd = (data: string): void => {
  const { code } = readJson(streamEnd, data);
  if (!USUAL_ENDS.has(code)) throw new MessengerError(code, 'the node has ended the stream');
};

export const mailboxApi = (fetch: Fetch): MailboxApi => {
  async function* events({ node, mailbox, token }: MailboxAccess, signal: AbortSignal, onOpen: () => void) {
    const silence = new AbortController();
    const end = (): void => silence.abort();
    let watch = setTimeout(end, SILENCE_MS);
    try {
      const url = `${node}/messages/${mailbox.accountId}/events?device=${mailbox.deviceId}`;
      const either = AbortSignal.any([signal, silence.signal]);
      const response = await request(fetch, { url, method: 'GET', token, signal: either });
      if (!response.ok || response.body === null) {
        throw MessengerError.fromBody(await response.json().catch(() => null));
      }
      onOpen();
      const stream = eventStream(chunksOf(response.body), MAX_EVENT_CHARS);
      for await (const { name, data } of stream) {
        clearTimeout(watch);
        watch = setTimeout(end, SILENCE_MS);
        if (name === 'envelope') yield readJson(mailboxEvent, data);
        else if (name === 'end') readEnd(data);
      }
    } finally {
      clearTimeout(watch);
    }
  }

  return {
    page: async ({ node, mailbox, token }, after, limit, signal, timeoutMs) => {
      const query = new URLSearchParams({ device: String(mailbox.deviceId), limit: String(limit) });
      if (after !== null) query.set('after', after);
      const url = `${node}/messages/${mailbox.accountId}?${query.toString()}`;
      return readPage(
        await requestJson(fetch, pageOfAnything, { url, method: 'GET', token, signal, timeoutMs }),
      );
    },
    delete: async ({ node, token }, ids) => {
      const url = `${node}/messages/delete`;
      await requestJson(fetch, deleteResponse, { url, method: 'POST', token, body: { ids } });
    },
    events,
  };
};
