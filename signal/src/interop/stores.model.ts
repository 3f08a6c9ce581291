import type { Address } from '../session/address.ts';
import type { DeviceKeys } from './device.model.ts';

/** Everything that a device keeps and that an operation may change: plain data. */
export type Stores = {
  /** Records by {@link nameOf}. */
  readonly sessions: Map<string, Uint8Array>;
  readonly identities: Map<string, Uint8Array>;
  readonly preKeyIds: Set<number>;
  readonly kyberPreKeyIds: Set<number>;
  /** Handshakes with the last-resort Kyber key. */
  readonly handshakes: Set<string>;
};

export const nameOf = ({ name, deviceId }: Address): string => `${name}.${deviceId}`;

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export const newStores = (keys: DeviceKeys): Stores => ({
  sessions: new Map(),
  identities: new Map(),
  preKeyIds: new Set(keys.preKeys.map(({ id }) => id)),
  kyberPreKeyIds: new Set(keys.kyberPreKeys.map(({ id }) => id)),
  handshakes: new Set(),
});

/** A text that is the same for the same contents. */
export const describeStores = (stores: Stores): string =>
  JSON.stringify(stores, (_, value: unknown) => {
    if (value instanceof Uint8Array) return hex(value);
    return value instanceof Map || value instanceof Set ? [...(value as Iterable<unknown>)] : value;
  });
