/**
 * Where a replication has come to, kept at both ends in a `_local` document of the same id. A place counts only if both
 * ends have it: when one was deleted or set back, the replication starts before that.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { ReplicationRequest } from '../documents/replication-document.ts';
import { isObject, type JsonObject } from '../json-object.ts';
import type { Peer } from './peer.ts';
import { zeroStatistics, type ReplicationStatistics } from './statistics.ts';

const maxHistory = 10;

interface End {
  peer: Peer;
  history: JsonObject[];
  /** Of the document with the records, undefined when there is none yet. */
  rev: unknown;
}

interface Session {
  session_id: string;
  recorded_seq: unknown;
}

/** Names a replication: what is copied where, by which server. */
export function replicationIdOf(request: ReplicationRequest, serverUuid: string): string {
  const { source, target, continuous, filter } = request;
  const identity = JSON.stringify([serverUuid, source.url, target.url, continuous, filter ?? null]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 32);
}

export class Checkpoint {
  readonly #id: string;
  readonly #ends: End[];
  readonly #sessionId = randomUUID().replaceAll('-', '');
  readonly #startedAt = new Date().toUTCString();
  readonly start: unknown;
  #recorded: unknown;

  /** Finds where a replication starts, and records that it does, by which a replaced database is told later. */
  static async begin(id: string, peers: Peer[]): Promise<Checkpoint> {
    const ends = await Promise.all(
      peers.map(async (peer) => {
        const document = await peer.readLocal(id);
        return { peer, history: historyOf(document), rev: document?.['_rev'] };
      }),
    );
    const checkpoint = new Checkpoint(id, ends);
    await checkpoint.#write(checkpoint.start, zeroStatistics());
    return checkpoint;
  }

  private constructor(id: string, ends: End[]) {
    this.#id = id;
    this.#ends = ends;
    this.start = commonPlace(ends.map(({ history }) => history));
    this.#recorded = this.start;
  }

  /** The last place that both ends have. */
  get recorded(): unknown {
    return this.#recorded;
  }

  /**
   * Records a place at both ends, if it is a new one. Throws when an end no longer has the last record: the database was
   * deleted and made anew, and the replication has to start again.
   */
  async record(place: unknown, statistics: ReplicationStatistics): Promise<void> {
    await Promise.all(this.#ends.map((end) => this.#verify(end)));
    if (place !== this.#recorded) await this.#write(place, statistics);
    this.#recorded = place;
  }

  async #verify({ peer, rev }: End): Promise<void> {
    const document = await peer.readLocal(this.#id);
    if (document?.['_rev'] !== rev) throw new Error('a database was replaced by another of its name');
  }

  async #write(place: unknown, statistics: ReplicationStatistics): Promise<void> {
    const entry = {
      session_id: this.#sessionId,
      start_time: this.#startedAt,
      end_time: new Date().toUTCString(),
      start_last_seq: this.start,
      end_last_seq: place,
      recorded_seq: place,
      ...statistics,
    };
    await Promise.all(
      this.#ends.map(async (end) => {
        end.history = [entry, ...end.history].slice(0, maxHistory);
        end.rev = await end.peer.writeLocal(this.#id, {
          session_id: this.#sessionId,
          source_last_seq: place,
          replication_id_version: 4,
          history: end.history,
          ...revisionsOf(end.rev),
        });
      }),
    );
  }
}

/** How a document names the revision it follows, in the form of CouchDB's own replicator. */
function revisionsOf(rev: unknown): JsonObject {
  if (typeof rev !== 'string') return {};
  return { _rev: rev, _revisions: { start: 0, ids: [rev.replace(/^0-/, '')] } };
}

function historyOf(document: JsonObject | undefined): JsonObject[] {
  const history = document?.['history'];
  return Array.isArray(history) ? history.filter(isObject) : [];
}

/** The newest record that all ends have; the beginning when there is none. */
function commonPlace([first = [], ...others]: JsonObject[][]): unknown {
  const common = (first as Partial<Session>[]).find(({ session_id, recorded_seq }) =>
    others.every((history) =>
      history.some((entry) => entry['session_id'] === session_id && entry['recorded_seq'] === recorded_seq),
    ),
  );
  return common?.recorded_seq ?? 0;
}
