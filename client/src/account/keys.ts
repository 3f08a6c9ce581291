import { LIMITS, type DeviceKeys, type KeyStock } from '@restante/protocol';
import type { Device } from './device.ts';
import { preKeyKey } from '../vault/keys.ts';
import type { CreatedPreKeys, Ratchet } from '../ratchet/ratchet.ts';
import type { MasterApi } from '../server/master-api.ts';
import type { Store, Transaction } from '../vault/store.ts';
import { ONLY, type KeyRing } from '../vault/tables.ts';

/** Ids start again after the last. From then on a master takes no one-time keys: those of last resort go on. */
const MAX_KEY_ID = LIMITS.keyId;
const FIRST_SIGNED_KEY_ID = 1;
const FIRST_KEY_ID = 2;
/** The masters hand out any of the older one-time keys: so many of the newest may be in their stock still, however old. */
export const MAYBE_IN_STOCK = 5 * LIMITS.oneTimePreKeys;

/** This device's own keys: private halves are in the vault before their public halves leave it. */
export type OwnKeys = {
  /** Makes all keys of a new device and keeps the private ones. */
  readonly create: () => Promise<DeviceKeys>;
  /** Fills the server's stock of one-time keys. */
  readonly replenish: (stock: KeyStock) => Promise<void>;
};

/** Takes `count` ids in a row: answers with the first, or null when there are no keys yet. */
export const reserveKeyIds = (store: Store, count: number): Promise<number | null> =>
  store.transact(async (transaction) => {
    const ring = await transaction.get('keyRing', ONLY);
    if (ring === undefined) return null;
    const first = ring.nextKeyId + count - 1 > MAX_KEY_ID ? FIRST_KEY_ID : ring.nextKeyId;
    transaction.put('keyRing', ONLY, { ...ring, nextKeyId: first + count });
    return first;
  });

export const ownKeys = (
  store: Store,
  device: Device,
  api: Pick<MasterApi, 'replenish'>,
  ratchet: Ratchet,
  now: () => number,
): OwnKeys => {
  const keep = (transaction: Transaction, created: CreatedPreKeys): void => {
    const createdAt = now();
    created.preKeys.forEach(({ keyId }, index) => {
      const record = created.preKeyRecords[index];
      if (record) transaction.put('preKeys', preKeyKey('ec', keyId), { record, createdAt });
    });
    created.kyberPreKeys.forEach(({ keyId }, index) => {
      const record = created.kyberPreKeyRecords[index];
      if (record) transaction.put('preKeys', preKeyKey('kyber', keyId), { record, createdAt });
    });
  };

  return {
    create: async () => {
      const createdAt = now();
      const ring: KeyRing = {
        lastResortKyberPreKeyIds: [FIRST_SIGNED_KEY_ID],
        nextKeyId: FIRST_KEY_ID + LIMITS.oneTimePreKeys,
        signedAt: createdAt,
      };
      const ids = { signedPreKeyId: FIRST_SIGNED_KEY_ID, lastResortKyberPreKeyId: FIRST_SIGNED_KEY_ID };
      const longTerm = await ratchet.createKeys(ids, createdAt);
      const oneTime = await ratchet.createPreKeys(
        longTerm.identity,
        { first: FIRST_KEY_ID, preKeys: LIMITS.oneTimePreKeys, kyberPreKeys: LIMITS.oneTimeKyberPreKeys },
        createdAt,
      );
      await store.transact((transaction) => {
        transaction.put('identity', ONLY, longTerm.identity);
        transaction.put('keyRing', ONLY, ring);
        const signed = { record: longTerm.signedPreKeyRecord, createdAt };
        const lastResort = { record: longTerm.lastResortKyberPreKeyRecord, createdAt };
        transaction.put('preKeys', preKeyKey('signed', ids.signedPreKeyId), signed);
        transaction.put('preKeys', preKeyKey('kyber', ids.lastResortKyberPreKeyId), lastResort);
        keep(transaction, oneTime);
      });
      const { preKeys, kyberPreKeys } = oneTime;
      return { ...longTerm.keys, preKeys, kyberPreKeys };
    },

    replenish: async (stock) => {
      const preKeys = Math.max(0, LIMITS.oneTimePreKeys - stock.preKeys);
      const kyberPreKeys = Math.max(0, LIMITS.oneTimeKyberPreKeys - stock.kyberPreKeys);
      const count = Math.max(preKeys, kyberPreKeys);
      if (count === 0) return;
      const first = await reserveKeyIds(store, count);
      if (first === null) return;
      const created = await ratchet.createPreKeys(device.identity(), { first, preKeys, kyberPreKeys }, now());
      await store.transact((transaction) => keep(transaction, created));
      const left = await api.replenish({ preKeys: created.preKeys, kyberPreKeys: created.kyberPreKeys });
      // A master takes no ids that are not above all before: those of a vault that was put back are behind.
      const isBehind = left.preKeys === stock.preKeys && left.kyberPreKeys === stock.kyberPreKeys;
      if (isBehind) await reserveKeyIds(store, MAYBE_IN_STOCK);
    },
  };
};
