/**
 * Law 1: what was answered is on the disk. The process is killed with SIGKILL a hundred times in the middle of streaming
 * writes; everything that had been answered by then is there after the restart, as it was written.
 */
import { once } from 'node:events';
import { afterAll, describe, expect, it } from 'vitest';
import { Couch, temporaryFolder } from '../conformance/couch.ts';
import { spawnEmbeddedCouch } from './process.ts';

const kills = 100;
const lanes = 2;
const writersPerLane = 4;
const maxAnswersPerRound = 60;
const admin = { name: 'admin', password: 'p4ss-of-the-admin' };
const db = '/crash';

const resources = new AsyncDisposableStack();
afterAll(() => resources.disposeAsync());

const random = (limit: number) => Math.floor(Math.random() * limit);
const hashOf = (n: number) => n.toString(16).padStart(32, '0');

/** What was answered: the number a living document holds, or that it is deleted. */
type Answered = Map<string, number | 'deleted'>;

/** One write of a random kind. Records it only once it has been answered. */
async function write(couch: Couch, n: number, answered: Answered): Promise<void> {
  const id = `doc-${n}`;
  switch (random(4)) {
    case 0: {
      await couch.put(`${db}/${id}`, { n });
      answered.set(id, n);
      return;
    }
    case 1: {
      const docs = Array.from({ length: 1 + random(20) }, (_, part) => ({ _id: `${id}-${part}`, n }));
      await couch.post(`${db}/_bulk_docs`, { docs });
      for (const { _id } of docs) answered.set(_id, n);
      return;
    }
    case 2: {
      const docs = [{ _id: id, _rev: `1-${hashOf(n)}`, _revisions: { start: 1, ids: [hashOf(n)] }, n }];
      await couch.post(`${db}/_bulk_docs`, { docs, new_edits: false });
      answered.set(id, n);
      return;
    }
    default: {
      const { rev } = await couch.put(`${db}/${id}`, { n });
      await couch.expectOk('DELETE', `${db}/${id}?rev=${rev}`);
      answered.set(id, 'deleted');
    }
  }
}

/** Writes from several sides until the server is killed, after a random number of answers. */
async function writeUntilKilled(couch: Couch, kill: () => Promise<void>, from: number): Promise<Answered> {
  const answered: Answered = new Map();
  const deadly = 1 + random(maxAnswersPerRound);
  let next = from;
  const dying = new AbortController();
  const writer = async () => {
    while (!dying.signal.aborted) {
      await write(couch, next++, answered).catch((failure: unknown) => {
        if (!dying.signal.aborted) throw failure;
      });
      if (answered.size >= deadly) dying.abort();
    }
  };
  const killed = once(dying.signal, 'abort').then(kill);
  await Promise.all(Array.from({ length: writersPerLane }, writer));
  await killed;
  return answered;
}

async function expectKept(couch: Couch, answered: Answered): Promise<void> {
  const { rows } = await couch.post(`${db}/_all_docs?include_docs=true`, { keys: [...answered.keys()] });
  const kept = rows.map(({ key, value, doc, error }) => [
    key,
    error ?? (value.deleted === true ? 'deleted' : doc?.['n']),
  ]);
  expect(kept).toEqual([...answered]);
}

async function runLane(lane: number): Promise<number> {
  const dataDir = await temporaryFolder(resources);
  const everything: Answered = new Map();
  const start = async () => {
    const server = await spawnEmbeddedCouch({ dataDir, port: 0, admin });
    return { server, couch: new Couch(server.url, admin) };
  };
  let { server, couch } = await start();
  await couch.put(db);
  for (let round = 0; round < kills / lanes; round += 1) {
    const answered = await writeUntilKilled(
      couch,
      () => server.kill('SIGKILL'),
      (lane * kills + round) * 1000,
    );
    ({ server, couch } = await start());
    await expectKept(couch, answered);
    for (const [id, state] of answered) everything.set(id, state);
  }
  await expectKept(couch, everything);
  const alive = [...everything.values()].filter((state) => state !== 'deleted').length;
  expect((await couch.get(db)).doc_count).toBeGreaterThanOrEqual(alive);
  await server.kill();
  return everything.size;
}

describe('a killed server', () => {
  it('has lost nothing that it answered', { timeout: 300_000 }, async () => {
    const answered = await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane)));
    expect(Math.min(...answered)).toBeGreaterThan(kills / lanes);
  });
});
