import { ServiceError, type TokenDevice, type TokenVerifier } from '@restante/service-kit';
import type { DeviceSets } from './directory/device-sets.ts';
import type { Directory } from './directory/directory.ts';
import { cellsOf, type Placement } from './mailboxes/cell.ts';

/** The device that a `master` token speaks for. @throws ServiceError `unauthorized` or `token-expired` */
export type Authenticate = (token: string) => Promise<TokenDevice>;

/** A device that may connect, with what its connection begins with. */
export type Admitted = TokenDevice & { readonly keysLow: boolean };

/** The same for a connection. */
export type Admit = (token: string) => Promise<Admitted>;

const isUnavailable = (error: unknown): boolean =>
  error instanceof ServiceError && error.code === 'unavailable';

const assertCurrent = (device: TokenDevice, generation: number): void => {
  if ((device.generation ?? 0) < generation)
    throw new ServiceError('token-expired', 'the password has been changed');
};

/** As `refresh` answers: null from one store may be one that has not heard of the device yet. */
const assertThere = async (device: TokenDevice, deviceSets: DeviceSets): Promise<void> => {
  const actual = await deviceSets.refresh(device.accountId);
  if (!actual?.all.has(device.deviceId))
    throw new ServiceError('unauthorized', 'the device has been removed');
};

/** A session that does not name a cell where the account's mail is now would be told of a gap as if there were none (law 11). */
const assertKnowsCells = (device: TokenDevice, placement: Placement<{ readonly name: string }>): void => {
  if (placement.cells.length === 1) return;
  const known = device.cells ?? [];
  if (!cellsOf(device.accountId, placement).every(({ name }) => known.includes(name)))
    throw new ServiceError('token-expired', 'the mail of the account is in another cell');
};

/**
 * A token outlives the removal of its device and a change of the password, so the device must also be there, and the
 * token of a generation that has not ended: one that has is `token-expired`, as a fresh one helps. While the directory does not answer
 * the token alone is enough: live messages go on.
 */
export const createAuthenticate =
  (verifier: TokenVerifier, deviceSets: DeviceSets): Authenticate =>
  async (token) => {
    const device = await verifier.device(token, 'master');
    try {
      const known = await deviceSets.get(device.accountId);
      if (!known?.all.has(device.deviceId)) await assertThere(device, deviceSets);
      assertCurrent(device, await deviceSets.tokenGeneration(device.accountId));
    } catch (error) {
      if (!isUnavailable(error)) throw error;
    }
    return device;
  };

/** As {@link createAuthenticate}, by a read that many who connect at once share. */
export const createAdmit =
  (
    verifier: TokenVerifier,
    deviceSets: DeviceSets,
    directory: Pick<Directory, 'standing'>,
    placement: Placement<{ readonly name: string }>,
  ): Admit =>
  async (token) => {
    const device = await verifier.device(token, 'master');
    assertKnowsCells(device, placement);
    try {
      const standing = await directory.standing(device);
      if (standing === null) await assertThere(device, deviceSets);
      assertCurrent(
        device,
        standing?.tokenGeneration ?? (await deviceSets.tokenGeneration(device.accountId)),
      );
      return { ...device, keysLow: standing?.keysLow ?? false };
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      return { ...device, keysLow: false };
    }
  };
