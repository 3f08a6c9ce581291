import { indexedDbPartStore, indexedDbVault } from '@restante/client/browser';
import { signalRatchet } from '@restante/client/signal';
import { runDevice, type RunningDevice } from '../run-device.ts';
import type { ChaosPage, ChaosPageHost } from './chaos-page.ts';

/** A device of a person in a page. */

declare const writeLine: ChaosPageHost['writeLine'];
declare const die: ChaosPageHost['die'];

const VAULT = 'chaos';
const PARTS = 'chaos-parts';

const begun = Promise.withResolvers<RunningDevice>();

const api: ChaosPage = {
  now: () => performance.now(),
  begin: async (start) => {
    const device = runDevice({
      start,
      vault: (await indexedDbVault(VAULT, () => undefined)).vault,
      parts: indexedDbPartStore(PARTS),
      ratchet: signalRatchet(),
      write: (happening) => writeLine(performance.now(), happening),
      die: () => void die(),
    });
    begun.resolve(device);
    return device.begin();
  },
  answer: async (request) => {
    const device = await begun.promise;
    try {
      return { value: await device.answer(request) };
    } catch (error) {
      return { refusal: String(error) };
    }
  },
};

Object.assign(globalThis, { chaosPage: api });
