import type { CatchUpProgress, ConnectionState } from '@restante/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { INITIAL_STATUS, type Status } from '../engine/calls.ts';
import { Connection } from './connection.svelte.ts';

const HERE = 'https://a.example.org';
const LIVE: ConnectionState = { name: 'live', attempt: 0, origin: HERE };
const CAUGHT_UP: CatchUpProgress = {
  ...{ running: false, received: 4, nodesAnswered: 2, nodesNeeded: 2, nodes: 3 },
  ...{ complete: true, expired: 0 },
};

const start = () => {
  let listener: (status: Status) => void = () => undefined;
  let status: Status = { ...INITIAL_STATUS, phase: 'signed-in' };
  const engine = { status: () => status, onStatus: (added: typeof listener) => void (listener = added) };
  const connection = new Connection(engine, HERE);
  const tell = (change: Partial<Status>): void => {
    status = { ...status, ...structuredClone(change) };
    listener(status);
  };
  return { connection, tell };
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('is named as a person is told of it', () => {
  const { connection, tell } = start();
  expect(connection.name).toBe('offline');
  tell({ connection: { name: 'authenticating', attempt: 2, origin: HERE } });
  expect([connection.name, connection.attempt]).toEqual(['connecting', 3]);
  tell({ connection: { name: 'catching-up', attempt: 0, origin: HERE } });
  expect(connection.name).toBe('catching-up');
  tell({ connection: LIVE, catchUp: CAUGHT_UP });
  expect(connection.name).toBe('live');
  tell({ connection: { name: 'refused', code: 'superseded' } });
  expect([connection.name, connection.refusal]).toEqual(['refused', 'superseded']);
});

test('is incomplete while fewer mailboxes have answered than are needed', () => {
  const { connection, tell } = start();
  tell({ connection: LIVE, catchUp: { ...CAUGHT_UP, nodesAnswered: 1, complete: false } });
  expect(connection.name).toBe('incomplete');
  tell({ catchUp: { ...CAUGHT_UP, nodesAnswered: 1, complete: false, running: true } });
  expect(connection.name).toBe('catching-up');
  tell({ catchUp: CAUGHT_UP });
  expect(connection.name).toBe('live');
});

test('counts down to the next attempt', () => {
  const { connection, tell } = start();
  tell({
    connection: {
      name: 'waiting',
      attempt: 1,
      retryAt: Date.now() + 2_500,
      authenticate: false,
    },
  });
  const shown = Array.from({ length: 5 }, () => {
    const { secondsLeft } = connection;
    vi.advanceTimersByTime(1_000);
    return secondsLeft;
  });
  expect(shown).toEqual([3, 2, 1, 0, 0]);
});

test('says that what comes cannot be kept, while somebody is signed in', () => {
  const { connection, tell } = start();
  expect(connection.storageTrouble).toBe(null);
  tell({ connection: LIVE, storage: 'full' });
  expect([connection.name, connection.storageTrouble]).toEqual(['live', 'full']);
  tell({ phase: 'lost' });
  expect(connection.storageTrouble).toBe(null);
  tell({ phase: 'signed-in', storage: 'working' });
  expect(connection.storageTrouble).toBe(null);
});

test('what expired is counted once however often it is told, until it is dismissed', () => {
  const { connection, tell } = start();
  tell({ connection: LIVE, catchUp: { ...CAUGHT_UP, expired: 2 } });
  tell({ catchUp: { ...CAUGHT_UP, expired: 2 } });
  expect(connection.expired).toBe(2);
  tell({ catchUp: { ...CAUGHT_UP, running: true } });
  tell({ catchUp: { ...CAUGHT_UP, expired: 3 } });
  expect(connection.expired).toBe(5);
  connection.dismissExpired();
  tell({ catchUp: { ...CAUGHT_UP, expired: 3 } });
  expect(connection.expired).toBe(0);
});

test('names the server when it is not the usual one', () => {
  const { connection, tell } = start();
  tell({ connection: LIVE, catchUp: CAUGHT_UP });
  expect(connection.elsewhere).toBeNull();
  tell({ connection: { ...LIVE, origin: 'https://b.example.org:8443' } });
  expect(connection.elsewhere).toBe('b.example.org:8443');
  tell({ connection: { name: 'choosing', attempt: 1, authenticate: false } });
  expect([connection.name, connection.elsewhere]).toEqual(['connecting', null]);
});
