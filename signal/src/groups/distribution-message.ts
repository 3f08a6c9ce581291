import { concat } from '../bytes.ts';
import { parsePublicKey } from '../curve.ts';
import { bytesField, decodeFields, encodeFields, uint32Field } from '../protobuf.ts';
import { SignalError } from '../signal-error.ts';
import { invalidKeyAs } from '../session/invalid-key-as.ts';
import { checkGroupVersion, GROUP_VERSION_BYTE } from './group-version.ts';
import { DISTRIBUTION_ID_BYTES } from './sender-key-state.ts';

/**
 * Gives a member a sender's chain as it stands. It is neither signed nor encrypted: it must travel inside a message of
 * a session. Version byte, then protobuf.
 */
export type DistributionMessage = {
  readonly distributionId: Uint8Array;
  readonly chainId: number;
  /** Of the next message. */
  readonly iteration: number;
  readonly chainKey: Uint8Array;
  /** Public: 33 bytes. */
  readonly signingKey: Uint8Array;
};

const CHAIN_KEY_BYTES = 32;

export const encodeDistribution = (message: DistributionMessage): Uint8Array =>
  concat(
    Uint8Array.of(GROUP_VERSION_BYTE),
    encodeFields([
      [1, message.distributionId],
      [2, message.chainId],
      [3, message.iteration],
      [4, message.chainKey],
      [5, message.signingKey],
    ]),
  );

/** @throws SignalError `invalid-message` */
export const decodeDistribution = (bytes: Uint8Array): DistributionMessage => {
  checkGroupVersion(bytes);
  const fields = decodeFields(bytes.subarray(1));
  const distributionId = bytesField(fields, 1);
  const chainId = uint32Field(fields, 2);
  const iteration = uint32Field(fields, 3);
  const chainKey = bytesField(fields, 4);
  const signingKey = bytesField(fields, 5);
  if (
    distributionId?.length !== DISTRIBUTION_ID_BYTES ||
    chainId === undefined ||
    iteration === undefined ||
    chainKey?.length !== CHAIN_KEY_BYTES ||
    signingKey === undefined
  ) {
    throw new SignalError('invalid-message');
  }
  return {
    ...{ distributionId, chainId, iteration, chainKey },
    signingKey: invalidKeyAs('invalid-message', () => parsePublicKey(signingKey)),
  };
};
