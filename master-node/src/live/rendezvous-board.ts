import { LIMITS, RENDEZVOUS_MS, type RendezvousId, type RendezvousSlot } from '@restante/protocol';
import { ServiceError } from '@restante/service-kit';
import type { RendezvousAnswer, RendezvousQuestion } from './bus.ts';

/**
 * The rendezvous that one master has opened, with the messages in them. When its time is over one says so for as long as clocks may be apart,
 * and is forgotten then.
 */
export type RendezvousBoard = {
  /** @throws ServiceError `unavailable` when as many are open as there may be */
  readonly add: (id: RendezvousId) => void;
  /** Null: it was not opened here, or is forgotten. Of two messages for a slot the first one stays. */
  readonly answer: (id: RendezvousId, question: RendezvousQuestion) => RendezvousAnswer | null;
  /** Those that are remembered. */
  readonly size: () => number;
};

type Entry = { readonly endsAt: number; readonly slots: Map<RendezvousSlot, string> };

/** At most 16 MiB. */
const MAX_OPEN = 2_000;
const RETRY_AFTER_MS = 10_000;

export const createRendezvousBoard = (
  now: () => number,
  onForgotten: (id: RendezvousId) => void,
  maxOpen = MAX_OPEN,
): RendezvousBoard => {
  /** In the order of their ends. */
  const entries = new Map<RendezvousId, Entry>();
  const isOpen = ({ endsAt }: Entry): boolean => now() < endsAt;
  const tidy = (): void => {
    for (const [id, entry] of entries) {
      if (isOpen(entry)) return;
      entry.slots.clear();
      if (now() < entry.endsAt + LIMITS.clockSkewMs) continue;
      entries.delete(id);
      onForgotten(id);
    }
  };
  return {
    add: (id) => {
      tidy();
      if ([...entries.values()].filter(isOpen).length >= maxOpen)
        throw new ServiceError('unavailable', 'too many are open', { retryAfterMs: RETRY_AFTER_MS });
      entries.set(id, { endsAt: now() + RENDEZVOUS_MS, slots: new Map() });
    },
    answer: (id, { slot, sealed }) => {
      tidy();
      const entry = entries.get(id);
      if (entry === undefined) return null;
      if (!isOpen(entry)) return { is: 'not-found' };
      const kept = entry.slots.get(slot) ?? null;
      if (sealed === null) return { is: 'read', sealed: kept };
      if (kept !== null && kept !== sealed) return { is: 'slot-taken' };
      entry.slots.set(slot, sealed);
      return { is: 'written' };
    },
    size: () => entries.size,
  };
};
