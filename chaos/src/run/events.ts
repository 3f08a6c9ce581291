import { abandonsUpload } from '../faults/old-uploads.ts';
import { deviceOf } from '../faults/devices.ts';
import { pick } from '../faults/fault.ts';
import type { DeviceStart } from '../people/requests.ts';
import type { LifeEvent } from './life-event.ts';

const MAX_DEVICES = 3;

/** With the password, or by a code that a device of the person shows. */
const signsIn: LifeEvent = {
  name: 'signs-in',
  weight: 2,
  happen: async (world, [who, how = 0, by]) => {
    const person = pick(world.people(), who);
    if (!person || person.devices.length >= MAX_DEVICES) return;
    await (how % 2 === 0 ? world.link(person, by) : world.signIn(person));
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
