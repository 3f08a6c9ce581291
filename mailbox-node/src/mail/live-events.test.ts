import type { Envelope } from '@restante/protocol';
import { newEnvelope, newMailbox, waitFor } from '@restante/testkit';
import { describe, expect, it } from 'vitest';
import { createLiveEvents, type EndReason } from './live-events.ts';

const start = (maxListeners = 100, heartbeatMs = 3_600_000) => {
  const clock = { nowMs: 0 };
  const ended: EndReason[] = [];
  const events = createLiveEvents({
    maxListeners,
    now: () => clock.nowMs,
    onEnd: (reason) => ended.push(reason),
    heartbeatMs,
  });
  const newListener = (bufferedBytes = 0) => {
    const seen: string[] = [];
    const ends: EndReason[] = [];
    return {
      seen,
      ends,
      tell: (told: Envelope) => {
        seen.push(told.id);
        return bufferedBytes;
      },
      beat: () => {
        seen.push('beat');
        return bufferedBytes;
      },
      end: (reason: EndReason) => {
        ends.push(reason);
      },
    };
  };
  return { clock, ended, events, newListener };
};

const mailbox = newMailbox();
const envelope: Envelope = { ...newEnvelope(mailbox), sentAt: 1 };

describe('live events', () => {
  it('reach the listeners of their mailbox and nobody else, until they go', () => {
    const started = start();
    const { newListener } = started;
    using events = started.events;
    const [mine, also, other] = [newListener(), newListener(), newListener()];
    const stop = events.listen(mailbox, mine);
    events.listen(mailbox, also);
    events.listen({ ...mailbox, deviceId: 2 }, other);
    events.deliver(mailbox, envelope);
    stop();
    stop();
    events.deliver(mailbox, envelope);
    expect([mine, also, other].map(({ seen }) => seen.length)).toEqual([1, 2, 0]);
    expect(mine.seen[0]).toBe(envelope.id);
    expect(events.listeners()).toBe(2);
  });

  it('end a listener that does not read (law 10)', () => {
    const started = start();
    const { ended, newListener } = started;
    using events = started.events;
    const slow = newListener(10 * 1024 * 1024);
    events.listen(mailbox, slow);
    events.deliver(mailbox, envelope);
    events.deliver(mailbox, envelope);
    expect(slow.seen).toHaveLength(1);
    expect(slow.ends).toEqual(['slow']);
    expect(ended).toEqual(['slow']);
    expect(events.isHeard(mailbox)).toBe(false);
  });

  it('replace the oldest listener of a mailbox with too many', () => {
    const started = start();
    const { newListener } = started;
    using events = started.events;
    const listeners = Array.from({ length: 6 }, () => newListener());
    for (const listener of listeners) events.listen(mailbox, listener);
    expect(listeners.map(({ ends }) => ends)).toEqual([['replaced'], ['replaced'], [], [], [], []]);
    expect(events.listeners()).toBe(4);
  });

  it('refuse more listeners than the node may have', () => {
    const started = start(2);
    const { newListener } = started;
    using events = started.events;
    events.listen(newMailbox(), newListener());
    const stop = events.listen(newMailbox(), newListener());
    const another = newMailbox();
    expect(() => events.listen(another, newListener())).toThrow('too many listeners');
    stop();
    events.listen(another, newListener());
    expect(events.listeners()).toBe(2);
  });

  it('beat, and end streams that are too old', async () => {
    const started = start(100, 1);
    const { clock, ended, newListener } = started;
    using events = started.events;
    const listener = newListener();
    events.listen(mailbox, listener);
    await waitFor('a heartbeat', () => listener.seen.includes('beat'));
    clock.nowMs += 24 * 60 * 60 * 1000;
    await waitFor('the end', () => ended.length > 0);
    expect(listener.ends).toEqual(['aged']);
  });

  it('end everybody when the node stops', () => {
    const { ended, events, newListener } = start();
    events.listen(mailbox, newListener());
    events.listen(newMailbox(), newListener());
    events[Symbol.dispose]();
    expect(ended).toEqual(['stopping', 'stopping']);
    expect(events.listeners()).toBe(0);
  });
});
