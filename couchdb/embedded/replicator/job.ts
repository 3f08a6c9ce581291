import type { ReplicationRequest } from '../documents/replication-document.ts';
import { toCouchError } from '../couch-error.ts';
import { replicationIdOf } from './checkpoint.ts';
import { pause } from './pause.ts';
import { PeerError } from './peer.ts';
import { replicate, zeroProgress, type ReplicationProgress } from './replication.ts';

export type JobState = 'pending' | 'running' | 'crashing' | 'completed' | 'failed';

export interface JobEvent {
  timestamp: string;
  type: 'added' | 'started' | 'crashed';
  reason?: string;
}

export const defaultRetryMs = 100;
const longestRetry = 50;
const maxEvents = 20;

export interface JobOptions {
  serverUuid: string;
  /** How long it waits after a first failure; twice as long after each further one, up to fifty times. */
  retryMs: number;
  maxTries?: number;
}

/** One replication kept going: tried again after every failure, sooner at first, until it is complete or stopped. */
export class Job {
  readonly id: string;
  readonly request: ReplicationRequest;
  readonly startedAt = new Date();
  readonly progress: ReplicationProgress = zeroProgress();
  readonly events: JobEvent[] = [];
  /** Resolves when the job has ended, with the failure of the last try if there was one. Never rejects. */
  readonly ended: Promise<unknown>;
  state: JobState = 'pending';
  updatedAt = new Date();
  error: string | undefined;
  errorCount = 0;
  readonly #checkpointId: string;
  readonly #firstRetryMs: number;
  readonly #stopping = new AbortController();

  constructor(request: ReplicationRequest, { serverUuid, retryMs, maxTries = Infinity }: JobOptions) {
    this.request = request;
    this.#firstRetryMs = retryMs;
    this.#checkpointId = replicationIdOf(request, serverUuid);
    this.id = jobIdOf(request, serverUuid);
    this.#note('added');
    this.ended = this.#run(maxTries);
  }

  /** Ends the job; what is under way gets a moment to finish and to be recorded. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.ended;
  }

  async #run(maxTries: number): Promise<unknown> {
    const { signal } = this.#stopping;
    let failure: unknown;
    for (let tries = 1; !signal.aborted; tries += 1) {
      failure = await this.#try();
      if (failure === undefined && !this.request.continuous) break;
      if (tries >= maxTries) break;
      await pause(failure === undefined ? defaultRetryMs : this.#retryMs(), signal);
    }
    if (failure === undefined && !this.request.continuous) this.#enter('completed');
    return failure;
  }

  async #try(): Promise<unknown> {
    try {
      await replicate(this.request, {
        checkpointId: this.#checkpointId,
        progress: this.progress,
        signal: this.#stopping.signal,
        onStarted: () => {
          this.error = undefined;
          this.errorCount = 0;
          this.#enter('running');
          this.#note('started');
        },
      });
      return undefined;
    } catch (failure) {
      this.error = describe(failure);
      this.errorCount += 1;
      this.#enter('crashing');
      this.#note('crashed', this.error);
      return failure;
    }
  }

  #retryMs(): number {
    return this.#firstRetryMs * Math.min(longestRetry, 2 ** (this.errorCount - 1));
  }

  #enter(state: JobState): void {
    this.state = state;
    this.updatedAt = new Date();
  }

  #note(type: JobEvent['type'], reason?: string): void {
    const timestamp = new Date().toISOString();
    this.events.unshift({ timestamp, type, ...(reason === undefined ? {} : { reason }) });
    this.events.splice(maxEvents);
  }
}

export function jobIdOf(request: ReplicationRequest, serverUuid: string): string {
  return replicationIdOf(request, serverUuid) + (request.continuous ? '+continuous' : '');
}

/** What an operator can act on: the peer's answer, or why there was none. Neither carries a credential. */
function describe(failure: unknown): string {
  if (failure instanceof PeerError)
    return failure.status === 404 ? `db_not_found: could not open ${failure.url}` : failure.message;
  if (failure instanceof SyntaxError) return 'a peer did not answer in JSON';
  if (failure instanceof Error) {
    const cause = failure.cause as { code?: unknown } | undefined;
    return typeof cause?.code === 'string' ? `${failure.message} (${cause.code})` : failure.message;
  }
  return toCouchError(failure).reason;
}
