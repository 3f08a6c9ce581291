import type { CatchUpProgress } from '@restante/client';
import { createSubscriber } from 'svelte/reactivity';
import type { Status } from '../engine/calls.ts';
import type { Engine } from '../engine/engine.ts';

/** `incomplete`: connected, but fewer mailboxes have answered than are needed to be sure that nothing is missing. */
export type ConnectionName =
  'offline' | 'connecting' | 'waiting' | 'catching-up' | 'incomplete' | 'live' | 'refused';

const nameOf = ({ connection, catchUp }: Status): ConnectionName => {
  switch (connection.name) {
    case 'closed':
      return 'offline';
    case 'choosing':
    case 'authenticating':
      return 'connecting';
    case 'live':
      if (catchUp === null || catchUp.complete) return 'live';
      return catchUp.running ? 'catching-up' : 'incomplete';
    default:
      return connection.name;
  }
};

const isSame = (a: CatchUpProgress | null, b: CatchUpProgress): boolean =>
  a !== null && a.expired === b.expired && a.received === b.received && a.nodesAnswered === b.nodesAnswered;

/** The connection, as a person is told of it. */
export class Connection {
  #status = $state.raw() as Status;
  #expired = $state.raw(0);
  readonly #everySecond = createSubscriber((update) => {
    const timer = setInterval(update, 1_000);
    return () => clearInterval(timer);
  });

  readonly #usual: string;

  /** `usual`: the origin that the messenger comes from. */
  constructor(engine: Pick<Engine, 'status' | 'onStatus'>, usual: string) {
    this.#usual = usual;
    this.#status = engine.status();
    this.#expired = this.#status.catchUp?.expired ?? 0;
    engine.onStatus((status) => {
      const { catchUp } = status;
      if (status.phase !== 'signed-in') this.#expired = 0;
      else if (catchUp !== null && !isSame(this.#status.catchUp, catchUp)) this.#expired += catchUp.expired;
      this.#status = status;
    });
  }

  get name(): ConnectionName {
    return nameOf(this.#status);
  }
  /** Why what comes cannot be kept here; it waits on the servers. */
  get storageTrouble(): 'full' | 'failing' | null {
    const { phase, storage } = this.#status;
    return phase !== 'signed-in' || storage === 'working' ? null : storage;
  }
  get catchUp(): CatchUpProgress | null {
    return this.#status.catchUp;
  }
  /** Host of the server that this device is connected to, when it is not the one that the messenger comes from. */
  get elsewhere(): string | null {
    const { connection } = this.#status;
    if (connection.name !== 'live' || connection.origin === this.#usual) return null;
    return URL.parse(connection.origin)?.host ?? null;
  }
  /** Which attempt to connect this is, from 1. */
  get attempt(): number {
    const { connection } = this.#status;
    return 'attempt' in connection ? connection.attempt + 1 : 1;
  }
  /** Until the next attempt; counts down while it is shown. */
  get secondsLeft(): number {
    const { connection } = this.#status;
    if (connection.name !== 'waiting') return 0;
    this.#everySecond();
    return Math.max(0, Math.ceil((connection.retryAt - Date.now()) / 1_000));
  }
  /** Why the server does not want this device. */
  get refusal(): 'superseded' | 'outdated' | 'removed' | 'refused' | null {
    const { connection } = this.#status;
    if (connection.name !== 'refused') return null;
    switch (connection.code) {
      case 'superseded':
        return 'superseded';
      case 'unsupported-version':
        return 'outdated';
      case 'unauthorized':
        return 'removed';
      default:
        return 'refused';
    }
  }
  /** Messages that were lost unread, since a person last took note of that. */
  get expired(): number {
    return this.#expired;
  }
  dismissExpired(): void {
    this.#expired = 0;
  }
}
