import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ErrorCode, StoredEnvelope, StoreResult } from '@restante/protocol';
import { ServiceError } from '@restante/service-kit';
import { cellOf } from './cell.ts';
import { createFanOut, type FanOutOptions, type WritableCell } from './fan-out.ts';
import type { StoreWriter } from './store-writer.ts';

/** What one node does with every envelope; `never` does not answer. */
type Outcome = 'stored' | 'failed' | 'never' | ErrorCode;

const writer = (outcome: Outcome): StoreWriter => ({
  store: (envelopes) => {
    if (outcome === 'never') return new Promise(() => undefined);
    if (outcome === 'failed') return Promise.reject(new ServiceError('unavailable', 'test'));
    const result: StoreResult =
      outcome === 'stored' ? { status: 'stored' } : { status: 'refused', code: outcome };
    return Promise.resolve(envelopes.map(() => result));
  },
});

const envelope = (): StoredEnvelope => ({
  accountId: randomUUID(),
  deviceId: 1,
  id: '018bcfe5-6800-7000-8000-000000000000',
  senderId: randomUUID(),
  senderDeviceId: 1,
  expiresAt: 1,
  type: 'message',
  payload: 'AAAA',
});

const cell = (name: string, outcomes: readonly Outcome[]): WritableCell => ({
  name,
  writers: outcomes.map(writer),
});

const available = { writeConcern: 2, writePolicy: 'available', isTimeAgreed: () => false } as const;
const strict = { ...available, writePolicy: 'strict' } as const;

const store = (
  outcomes: readonly Outcome[],
  options: FanOutOptions = available,
): Promise<number | ErrorCode> =>
  createFanOut({ cells: [cell('a', outcomes)], joining: null }, options)(
    [envelope(), envelope()],
    'request',
  ).catch((error: unknown) => (error as ServiceError).code);

describe('law 1', () => {
  it('accepts with W copies without waiting for the others', async () => {
    expect(await store(['stored', 'never', 'stored'])).toBe(2);
    expect(await store(['stored', 'never', 'stored'], strict)).toBe(2);
  });

  it('accepts fewer under `available` only, and none never', async () => {
    expect(await store(['stored', 'failed', 'failed'])).toBe(1);
    expect(await store(['stored', 'failed', 'failed'], strict)).toBe('unavailable');
    expect(await store(['failed', 'failed', 'failed'])).toBe('unavailable');
  });

  it('refuses with what all nodes that answered say', async () => {
    expect(await store(['mailbox-full', 'failed', 'mailbox-full'])).toBe('mailbox-full');
    expect(await store(['mailbox-full', 'stored', 'mailbox-full'])).toBe(1);
    expect(await store(['mailbox-full', 'unauthorized', 'failed'])).toBe('unavailable');
  });

  it('refuses nothing for good because of the clocks of nodes, which contradict its own', async () => {
    expect(await store(['clock-skew', 'clock-skew', 'clock-skew'])).toBe('unavailable');
    expect(await store(['message-expired', 'message-expired', 'failed'])).toBe('unavailable');
  });

  it('takes no single copy for enough while a node contradicts its time, unless most nodes agree with it', async () => {
    for (const code of ['clock-skew', 'message-expired', 'token-expired'] as const) {
      expect(await store(['stored', code, 'failed'])).toBe('unavailable');
      expect(await store(['stored', code, 'stored'])).toBe(2);
      expect(await store(['stored', code, 'failed'], { ...available, isTimeAgreed: () => true })).toBe(1);
    }
  });

  it('hears of its time from a node that takes its token for one of another time', async () => {
    const writers = [
      writer('stored'),
      { store: () => Promise.reject(new ServiceError('token-expired', '')) },
    ];
    const put = createFanOut({ cells: [{ name: 'a', writers }], joining: null }, available);
    await expect(put([envelope()], 'request')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('counts the envelope with the fewest copies, over all cells', async () => {
    const cells = [
      cell('a', ['stored', 'stored', 'stored']),
      cell('b', ['stored', 'failed', 'failed']),
    ] as const;
    const envelopes = Array.from({ length: 32 }, envelope);
    const put = createFanOut({ cells, joining: null }, available);
    expect(await put(envelopes, 'request')).toBe(1);
    const putStrictly = createFanOut({ cells, joining: null }, strict);
    await expect(putStrictly(envelopes, 'request')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('counts both cells of an account whose own is being added, and the own one alone of the others', async () => {
    const cells = [
      cell('a', ['stored', 'stored', 'stored']),
      cell('b', ['failed', 'failed', 'failed']),
    ] as const;
    const put = createFanOut({ cells, joining: 'b' }, available);
    for (const one of Array.from({ length: 32 }, envelope)) {
      const answer = put([one], 'request').catch((error: unknown) => (error as ServiceError).code);
      expect(await answer).toBe(cellOf(one.accountId, cells).name === 'a' ? 2 : 'unavailable');
    }
    const former = [
      cell('a', ['failed', 'failed', 'failed']),
      cell('b', ['stored', 'stored', 'stored']),
    ] as const;
    const late = createFanOut({ cells: former, joining: 'b' }, available);
    await expect(late([envelope()], 'request')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('holds for every outcome of three nodes', async () => {
    const outcome = fc.constantFrom<Outcome>('stored', 'failed', 'mailbox-full');
    const policy = fc.constantFrom<FanOutOptions>(available, strict);
    await fc.assert(
      fc.asyncProperty(fc.tuple(outcome, outcome, outcome), policy, async (outcomes, options) => {
        const stored = outcomes.filter((one) => one === 'stored').length;
        const answer = await store(outcomes, options);
        const enough = options.writePolicy === 'strict' ? 2 : 1;
        if (stored >= enough) {
          expect(answer).toBeGreaterThanOrEqual(enough);
          expect(answer).toBeLessThanOrEqual(stored);
        } else expect(['unavailable', 'mailbox-full']).toContain(answer);
      }),
    );
  });
});
