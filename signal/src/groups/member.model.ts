import { decryptGroup, encryptGroup, createDistribution, processDistribution } from './group-cipher.ts';
import { decodeSenderKeyRecord, encodeSenderKeyRecord } from './sender-key-record.ts';
import { systemRandom } from '../random.ts';

/** What a device of ours knows of one sender's keys for one distribution. The record is stored between every two steps. */
export type Member = {
  readonly distribution: (distributionId: Uint8Array) => Uint8Array;
  readonly process: (message: Uint8Array) => void;
  readonly encrypt: (plaintext: Uint8Array) => Uint8Array;
  /** Throws what `decryptGroup` throws; the state is then as it was. */
  readonly decrypt: (body: Uint8Array) => Uint8Array;
  readonly stored: () => Uint8Array | null;
};

export const newMember = (random = systemRandom): Member => {
  let bytes: Uint8Array | null = null;
  const load = () => (bytes === null ? null : decodeSenderKeyRecord(bytes));
  return {
    distribution: (distributionId) => {
      const { record, message } = createDistribution(load(), distributionId, random);
      bytes = encodeSenderKeyRecord(record);
      return message;
    },
    process: (message) => {
      bytes = encodeSenderKeyRecord(processDistribution(load(), message));
    },
    encrypt: (plaintext) => {
      const known = load();
      if (known === null) throw new Error('no record: make a distribution first');
      const { record, body } = encryptGroup(known, plaintext, random);
      bytes = encodeSenderKeyRecord(record);
      return body;
    },
    decrypt: (body) => {
      const { record, plaintext } = decryptGroup(load(), body);
      bytes = encodeSenderKeyRecord(record);
      return plaintext;
    },
    stored: () => bytes,
  };
};
