import type { Status } from '../engine/calls.ts';
import type { Engine } from '../engine/engine.ts';

/** Where the messenger stands, as the leader last told. */
export class EngineStatus {
  #status = $state.raw<Status>() as Status;

  constructor(engine: Engine) {
    this.#status = engine.status();
    engine.onStatus((status) => (this.#status = status));
  }

  get phase(): Status['phase'] {
    return this.#status.phase;
  }
  get self(): Status['self'] {
    return this.#status.self;
  }
  get connection(): Status['connection'] {
    return this.#status.connection;
  }
  get catchUp(): Status['catchUp'] {
    return this.#status.catchUp;
  }
  get hasPassphrase(): Status['hasPassphrase'] {
    return this.#status.hasPassphrase;
  }
  get failure(): Status['failure'] {
    return this.#status.failure;
  }
  get persistent(): Status['persistent'] {
    return this.#status.persistent;
  }
  get wiped(): Status['wiped'] {
    return this.#status.wiped;
  }
}
