import { abandonsUpload } from '../faults/old-uploads.ts';
import { deviceOf } from '../faults/devices.ts';
import { pick } from '../faults/fault.ts';
import type { DeviceStart } from '../people/requests.ts';
import type { LifeEvent } from './life-event.ts';

const MAX_DEVICES = 3;

const signsIn: LifeEvent = {
  name: 'signs-in',
  weight: 2,
  happen: async (world, [who]) => {
    const person = pick(world.people(), who);
    if (person && person.devices.length < MAX_DEVICES) await world.signIn(person);
  },
};

/** Ends a device and starts it again. */
const restart =
  (more?: Partial<DeviceStart>): LifeEvent['happen'] =>
  async (world, [who]) => {
    const device = deviceOf(world, who);
    await device?.kill();
    await device?.start(more);
  };

const restarts: LifeEvent = { name: 'restarts', weight: 6, happen: restart() };
/** Its signed keys have become old meanwhile, and are replaced when it has connected. */
const rotatesKeys: LifeEvent = { name: 'rotates-keys', weight: 2, happen: restart({ areKeysOld: true }) };

export const EVENTS: readonly LifeEvent[] = [signsIn, restarts, rotatesKeys, abandonsUpload];
