import { ourKeys } from '../interop/our-keys.model.ts';
import { nameOf, newStores } from '../interop/stores.model.ts';
import { bundleOf } from '../interop/device.model.ts';
import type { PreKeyBundle } from '../pre-keys.ts';
import type { Address, LocalDevice } from '../session/address.ts';
import type { PreKeyLookup } from '../session/new-session.ts';
import { decodeSessionRecord, encodeSessionRecord, type SessionRecord } from '../session/session-record.ts';
import { startSession } from '../session/session.ts';
import type { Authority } from './authority.model.ts';
import { decryptSealed, encryptSealed, openSealed, type OpenedSeal } from './sealed-sender.ts';

export const NOW_MS = 1_800_000_000_000;

/** A device of ours that sends and reads sealed messages; records are stored between every two steps. */
export const sealedDevice = (address: Address, authority: Authority, keys = ourKeys()) => {
  const stores = newStores(keys);
  const local: LocalDevice = { identity: keys.identity, registrationId: keys.registrationId, address };
  const certificate = authority.certify(address, keys.identity.publicKey);
  const load = (remote: Address): SessionRecord | null => {
    const bytes = stores.sessions.get(nameOf(remote));
    return bytes === undefined ? null : decodeSessionRecord(bytes);
  };
  const save = (remote: Address, record: SessionRecord): void =>
    void stores.sessions.set(nameOf(remote), encodeSessionRecord(record));
  const lookup: PreKeyLookup = {
    preKey: (wanted) => keys.preKeys.find(({ id }) => id === wanted),
    signedPreKey: () => keys.signedPreKey,
    kyberPreKey: (wanted) =>
      [keys.lastResortKyberPreKey, ...keys.kyberPreKeys].find(({ id }) => id === wanted),
    isUsed: () => false,
  };
  return {
    local,
    certificate,
    bundle: bundleOf(address, keys, 0),
    start: (remote: Address, bundle: PreKeyBundle): void =>
      save(remote, startSession(local, remote, load(remote), bundle, NOW_MS)),
    encrypt: (remote: Address, plaintext: Uint8Array): Uint8Array => {
      const known = load(remote);
      if (known === null) throw new Error('start a session first');
      const { record, body } = encryptSealed(local, remote, known, certificate, plaintext, NOW_MS);
      save(remote, record);
      return body;
    },
    decrypt: (body: Uint8Array): OpenedSeal & { readonly plaintext: Uint8Array } => {
      const opened = openSealed(local, body, authority.trust);
      const { record, plaintext } = decryptSealed(local, opened, load(opened.sender), lookup);
      save(opened.sender, record);
      return { ...opened, plaintext };
    },
  };
};
