import * as official from '@signalapp/libsignal-client';
import { fromHex } from '../testing/vectors.model.ts';

const DISTRIBUTION_UUID = '7e9d2a60-0c5d-4c0e-9f5b-0d5f6b7a8c91';
export const DISTRIBUTION_ID = fromHex(DISTRIBUTION_UUID.replaceAll('-', ''));

const sender = official.ProtocolAddress.new('1c1c3a0e-5d4b-4b1a-8f0e-3a2b1c0d9e8f', 2);
const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

class OneRecordStore extends official.SenderKeyStore {
  #stored: Uint8Array<ArrayBuffer> | null = null;

  override saveSenderKey(_sender: unknown, _id: unknown, record: official.SenderKeyRecord): Promise<void> {
    this.#stored = record.serialize();
    return Promise.resolve();
  }

  override getSenderKey(): Promise<official.SenderKeyRecord | null> {
    const stored = this.#stored;
    return Promise.resolve(stored === null ? null : official.SenderKeyRecord.deserialize(stored));
  }
}

/** What a device of the official package knows of one sender's keys for one distribution. */
export const newOfficialMember = () => {
  const store = new OneRecordStore();
  return {
    distribution: async () =>
      (await official.SenderKeyDistributionMessage.create(sender, DISTRIBUTION_UUID, store)).serialize(),
    process: async (message: Uint8Array) =>
      official.processSenderKeyDistributionMessage(
        sender,
        official.SenderKeyDistributionMessage.deserialize(owned(message)),
        store,
      ),
    encrypt: (plaintext: Uint8Array) =>
      official.groupEncrypt(sender, DISTRIBUTION_UUID, store, owned(plaintext)),
    decrypt: (body: Uint8Array) => official.groupDecrypt(sender, store, owned(body)),
  };
};

export type OfficialMember = ReturnType<typeof newOfficialMember>;
