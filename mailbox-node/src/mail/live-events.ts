import { deviceKey, type DeviceAddress, type Envelope } from '@restante/protocol';
import { ServiceError } from '@restante/service-kit';

/** One stream of live events to a device. */
export type Listener = {
  /** Tells of an arrival, and says how many bytes the connection has not taken yet. */
  readonly tell: (envelope: Envelope) => number;
  /** Shows that the stream lives, and says the same. */
  readonly beat: () => number;
  readonly end: (reason: EndReason) => void;
};

export type EndReason = 'slow' | 'replaced' | 'aged' | 'stopping';

/** Who listens to which mailbox. Every listener and every buffer has a bound (law 10). */
export type LiveEvents = Disposable & {
  /**
   * Adds a listener, and returns how to take it away. The oldest of a mailbox with too many makes room: it is
   * a connection that its device has left without saying so.
   *
   * @throws ServiceError `unavailable` when the node has all the listeners that it may have
   */
  readonly listen: (mailbox: DeviceAddress, listener: Listener) => () => void;
  readonly isHeard: (mailbox: DeviceAddress) => boolean;
  readonly deliver: (mailbox: DeviceAddress, envelope: Envelope) => void;
  readonly listeners: () => number;
};

const HEARTBEAT_MS = 15_000;
/** A stream ends and is opened anew after this, so that a device that lost its right loses the stream too. */
const MAX_AGE_MS = 15 * 60_000;
const MAX_BUFFERED_BYTES = 512 * 1024;
const MAX_PER_MAILBOX = 4;
const RETRY_AFTER_MS = 10_000;

export const createLiveEvents = ({
  maxListeners,
  now,
  onEnd,
  heartbeatMs = HEARTBEAT_MS,
}: {
  readonly maxListeners: number;
  readonly now: () => number;
  /** Told why the node itself ended a stream. */
  readonly onEnd: (reason: EndReason) => void;
  readonly heartbeatMs?: number;
}): LiveEvents => {
  type Entry = { readonly key: string; readonly listener: Listener; readonly sinceMs: number };
  const byMailbox = new Map<string, Set<Entry>>();
  let total = 0;

  const remove = (entry: Entry): boolean => {
    const entries = byMailbox.get(entry.key);
    if (entries?.delete(entry) !== true) return false;
    if (entries.size === 0) byMailbox.delete(entry.key);
    total -= 1;
    return true;
  };

  const end = (entry: Entry, reason: EndReason): void => {
    if (!remove(entry)) return;
    onEnd(reason);
    entry.listener.end(reason);
  };

  const bound = (entry: Entry, bufferedBytes: number): void => {
    if (bufferedBytes > MAX_BUFFERED_BYTES) end(entry, 'slow');
  };

  const all = (): Entry[] => [...byMailbox.values()].flatMap((entries) => [...entries]);

  const beat = setInterval(() => {
    for (const entry of all()) {
      if (now() - entry.sinceMs > MAX_AGE_MS) end(entry, 'aged');
      else bound(entry, entry.listener.beat());
    }
  }, heartbeatMs);

  return {
    listen: (mailbox, listener) => {
      const key = deviceKey(mailbox);
      const entries = byMailbox.get(key) ?? new Set();
      const [oldest] = entries;
      if (oldest !== undefined && entries.size >= MAX_PER_MAILBOX) end(oldest, 'replaced');
      if (total >= maxListeners) {
        throw new ServiceError('unavailable', 'too many listeners', { retryAfterMs: RETRY_AFTER_MS });
      }
      const entry = { key, listener, sinceMs: now() };
      byMailbox.set(key, entries.add(entry));
      total += 1;
      return () => {
        remove(entry);
      };
    },
    isHeard: (mailbox) => byMailbox.has(deviceKey(mailbox)),
    deliver: (mailbox, envelope) => {
      for (const entry of byMailbox.get(deviceKey(mailbox)) ?? [])
        bound(entry, entry.listener.tell(envelope));
    },
    listeners: () => total,
    [Symbol.dispose]: () => {
      clearInterval(beat);
      for (const entry of all()) end(entry, 'stopping');
    },
  };
};
