import type { OwnDevice } from '@restante/client';
import type { Engine } from '../engine/engine.ts';
import type { EventFeed } from '../services/event-feed.ts';

/** Devices that have signed in to the account, until the person says that they know them. */
export class NewDevices {
  #devices = $state.raw<readonly OwnDevice[]>([]);

  constructor(engine: Pick<Engine, 'calls' | 'onStatus'>, feed: EventFeed) {
    const events = feed.subscribe((all) => {
      for (const { type, detail } of all) if (type === 'new-devices') this.#devices = detail;
    });
    let isSignedIn = false;
    engine.onStatus(({ phase }) => {
      if (phase !== 'signed-in') this.#devices = [];
      else if (!isSignedIn)
        events
          .holdDuring(async () => (this.#devices = await engine.calls.newDevices()))
          .catch(() => undefined);
      isSignedIn = phase === 'signed-in';
    });
  }

  get list(): readonly OwnDevice[] {
    return this.#devices;
  }
}
