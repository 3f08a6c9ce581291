/**
 * Where a replication has come to, kept at both ends in a `_local` document of the same id. A place counts only if both
 * ends have it: when one was deleted or set back, the replication starts before that.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { ReplicationRequest } from '../documents/replication-document.ts';
import { isObject, type JsonObject } from '../json-object.ts';
import type { Peer } from './peer.ts';
import type { ReplicationStatistics } from './statistics.ts';

const maxHistory = 10;

interface Session {
  session_id: string;
  recorded_seq: unknown;
}

/** Names a replication: what is copied where, by which server. */
export function replicationIdOf({ source, target, filter }: ReplicationRequest, serverUuid: string): string {
  const identity = JSON.stringify([serverUuid, source.url, target.url, filter ?? null]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 32);
}

export class Checkpoint {
  readonly #id: string;
  readonly #ends: { peer: Peer; history: JsonObject[]; rev: unknown }[];
  readonly #sessionId = randomUUID().replaceAll('-', '');
  readonly #startedAt = new Date().toUTCString();
  readonly start: unknown;
  #recorded: unknown;

  static async load(id: string, peers: Peer[]): Promise<Checkpoint> {
    const documents = await Promise.all(peers.map((peer) => peer.readLocal(id)));
    return new Checkpoint(
      id,
      peers.map((peer, index) => ({
        peer,
        history: historyOf(documents[index]),
        rev: documents[index]?.['_rev'],
      })),
    );
  }

  private constructor(id: string, ends: { peer: Peer; history: JsonObject[]; rev: unknown }[]) {
    this.#id = id;
    this.#ends = ends;
    this.start = commonPlace(ends.map(({ history }) => history));
    this.#recorded = this.start;
  }

  /** The last place that both ends have. */
  get recorded(): unknown {
    return this.#recorded;
  }

  async record(place: unknown, statistics: ReplicationStatistics): Promise<void> {
    if (place === this.#recorded) return;
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
        const history = [entry, ...end.history].slice(0, maxHistory);
        const content = {
          session_id: this.#sessionId,
          source_last_seq: place,
          replication_id_version: 4,
          history,
        };
        const rev = end.rev === undefined ? {} : { _rev: end.rev };
        end.rev = await end.peer.writeLocal(this.#id, { ...content, ...rev });
        end.history = history;
      }),
    );
    this.#recorded = place;
  }
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
