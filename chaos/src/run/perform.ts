import { pick } from '../faults/fault.ts';
import type { ChaosDevice } from '../world/device.ts';
import type { World } from '../world/world.ts';

/** Of which devices nobody knows whether they are there still, until it is known how the operation ended; null: of none. */
const leavingBy = (
  name: string,
  device: ChaosDevice,
  own: readonly ChaosDevice[],
): ((one: ChaosDevice) => boolean) | null => {
  if (name === 'sign-out') return (one) => one === device;
  if (name === 'delete-account') return ({ accountId }) => accountId === device.accountId;
  if (name !== 'remove-device') return null;
  const others = own.filter((other) => other !== device);
  return (one) => others.includes(one);
};

/** Has one of the people do something, on one of their devices; what ends a device or an account has its consequences here. */
export const perform = async (
  world: World,
  name: string,
  [who = 0, where = 0, ...rest]: readonly number[],
  text: string,
): Promise<void> => {
  const people = world.people();
  const person = pick(people, who);
  const device = person && pick(person.devices, where);
  if (person === undefined || device === undefined) return;
  const others = people
    .filter((one) => one !== person && one.accountId !== '')
    .map(({ accountId }) => accountId);
  if (others.length === 0) return;
  // Whoever signs out of their last device would be gone for good, also when the others are leaving at the same time.
  const endsOne = name === 'sign-out' || name === 'remove-device';
  const left = name === 'remove-device' ? [device] : person.devices.filter((one) => one !== device);
  const staying = new Set(world.staying());
  if (endsOne && (person.devices.length < 2 || !left.some((one) => staying.has(one)))) return;
  const isLeaving = leavingBy(name, device, person.devices);
  const takeBack = isLeaving && world.mayLeave(isLeaving);
  const wish = { to: others, text, numbers: rest };
  const ended = await device.process.ask('perform', { operation: name, wish });
  if (ended?.every(({ isDone }) => isDone)) takeBack?.();
  const done = ended?.find(({ isDone }) => isDone);
  if (done === undefined) return;
  if (name === 'sign-out') await world.drop(person, device.deviceId);
  if (name === 'remove-device' && done.device !== undefined) await world.drop(person, done.device);
  if (name === 'delete-account') await world.makeAnew(person);
};
