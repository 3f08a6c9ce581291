import type * as official from '@signalapp/libsignal-client';
import { newest, type Library } from '../interop/official-package.model.ts';
import { fromHex } from '../testing/vectors.model.ts';

const DISTRIBUTION_UUID = '7e9d2a60-0c5d-4c0e-9f5b-0d5f6b7a8c91';
export const DISTRIBUTION_ID = fromHex(DISTRIBUTION_UUID.replaceAll('-', ''));

const SENDER = '1c1c3a0e-5d4b-4b1a-8f0e-3a2b1c0d9e8f';
const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

const oneRecordStore = (library: Library): official.SenderKeyStore => {
  class OneRecordStore extends library.SenderKeyStore {
    #stored: Uint8Array<ArrayBuffer> | null = null;

    override saveSenderKey(_sender: unknown, _id: unknown, record: official.SenderKeyRecord): Promise<void> {
      this.#stored = record.serialize();
      return Promise.resolve();
    }

    override getSenderKey(): Promise<official.SenderKeyRecord | null> {
      const stored = this.#stored;
      return Promise.resolve(stored === null ? null : library.SenderKeyRecord.deserialize(stored));
    }
  }
  return new OneRecordStore();
};

/** What a device of the official package knows of one sender's keys for one distribution. */
export const newOfficialMember = (library: Library = newest.library) => {
  const store = oneRecordStore(library);
  const sender = library.ProtocolAddress.new(SENDER, 2);
  const { SenderKeyDistributionMessage } = library;
  return {
    distribution: async () =>
      (await SenderKeyDistributionMessage.create(sender, DISTRIBUTION_UUID, store)).serialize(),
    process: async (message: Uint8Array) =>
      library.processSenderKeyDistributionMessage(
        sender,
        SenderKeyDistributionMessage.deserialize(owned(message)),
        store,
      ),
    encrypt: (plaintext: Uint8Array) =>
      library.groupEncrypt(sender, DISTRIBUTION_UUID, store, owned(plaintext)),
    decrypt: (body: Uint8Array) => library.groupDecrypt(sender, store, owned(body)),
  };
};

export type OfficialMember = ReturnType<typeof newOfficialMember>;
