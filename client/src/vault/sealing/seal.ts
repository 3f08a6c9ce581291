import * as z from 'zod/mini';
import { MessengerError } from '../../messenger-error.ts';
import { unpackKeys, unwrapKeys, wrapKeys, packKeys, type OpaqueKey, type RawDataKey } from './data-keys.ts';
import { MAX_COST, type PassphraseCost } from './passphrase.ts';
import type { VaultDisk } from './vault-disk.ts';

/** With which data key, and in which version of the tables. */
export type Settled = { readonly dataKey: number; readonly version: number };

/** No data key: rows lie as they are. */
export const UNSEALED = 0;

/** How the rows of a vault are sealed, and where the keys for that are. One record beside the tables, written as a whole. */
export type Seal = {
  /** Cannot be exported. Null where there is no place for such a key. */
  readonly deviceKey: OpaqueKey | null;
  readonly passphrase: PassphraseCost | null;
  /** The data key that rows are sealed with. */
  readonly current: number;
  /** What the other rows are sealed with, as long as there may be some. */
  readonly settled: Settled;
  /** Both data keys, under the passphrase and that under the device key. All of the above but the device key is bound to them. */
  readonly dataKeys: Uint8Array;
};

const number = z.int().check(z.nonnegative());
const schema = z.object({
  // Read when it is needed: a page without a secure context has no such class.
  deviceKey: z.nullable(z.custom<OpaqueKey>((value) => value instanceof CryptoKey)),
  passphrase: z.nullable(
    z.object({
      salt: z.instanceof(Uint8Array),
      memoryKiB: number.check(z.maximum(MAX_COST.memoryKiB)),
      passes: number.check(z.maximum(MAX_COST.passes)),
      lanes: number.check(z.maximum(MAX_COST.lanes)),
    }),
  ),
  current: number,
  settled: z.object({ dataKey: number, version: number }),
  dataKeys: z.instanceof(Uint8Array),
});

export const keyLost = (): MessengerError =>
  new MessengerError('vault-key-lost', 'the key that the vault is sealed with is missing, or is another one');

/** Null: there is none. Throws `vault-key-lost` when it is no seal. */
export const readSeal = async (disk: VaultDisk): Promise<Seal | null> => {
  const stored = await disk.readBeside('seal');
  if (stored === undefined) return null;
  const parsed = schema.safeParse(stored);
  if (!parsed.success) throw keyLost();
  return parsed.data;
};

/** What data keys are kept under, the innermost first. */
export type Wrapping = {
  readonly passphrase: { readonly cost: PassphraseCost; readonly key: OpaqueKey } | null;
  readonly deviceKey: OpaqueKey | null;
};

const boundData = ({
  passphrase,
  current,
  settled,
}: Pick<Seal, 'passphrase' | 'current' | 'settled'>): Uint8Array<ArrayBuffer> => {
  const cost = passphrase && [
    [...passphrase.salt],
    passphrase.memoryKiB,
    passphrase.passes,
    passphrase.lanes,
  ];
  return new TextEncoder().encode(JSON.stringify([cost, current, settled.dataKey, settled.version]));
};

export const writeSeal = async (
  disk: VaultDisk,
  { passphrase, deviceKey }: Wrapping,
  state: Pick<Seal, 'current' | 'settled'>,
  keys: readonly RawDataKey[],
): Promise<void> => {
  const cost = passphrase?.cost ?? null;
  const bound = boundData({ ...state, passphrase: cost });
  let dataKeys = packKeys(keys);
  for (const key of [passphrase?.key, deviceKey])
    if (key) {
      const wrapped = await wrapKeys(key, dataKeys, bound);
      dataKeys.fill(0);
      dataKeys = wrapped;
    }
  await disk.writeBeside('seal', { ...state, deviceKey, passphrase: cost, dataKeys } satisfies Seal);
};

/** Throws `vault-key-lost`, and `wrong-passphrase` when the device's key fits and the passphrase's does not. */
export const openSeal = async (seal: Seal, passphraseKey: OpaqueKey | null): Promise<RawDataKey[]> => {
  const bound = boundData(seal);
  let packed: Uint8Array<ArrayBuffer> | null = new Uint8Array(seal.dataKeys);
  if (seal.deviceKey !== null) packed = await unwrapKeys(seal.deviceKey, packed, bound);
  if (packed === null) throw keyLost();
  if (passphraseKey !== null) packed = await unwrapKeys(passphraseKey, packed, bound);
  if (packed === null)
    throw new MessengerError('wrong-passphrase', 'this is not the passphrase of the vault');
  return unpackKeys(packed);
};
