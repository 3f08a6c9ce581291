import type { DeviceAddress, NewAccount } from '@restante/protocol';
import { ServiceError } from '@restante/service-kit';
import type { Config } from '../config.ts';
import type { DeviceToAdd, Directory } from '../directory/directory.ts';
import type { Metrics } from '../metrics.ts';
import type { RateLimits } from '../rate-limits.ts';
import type { Passwords } from './password.ts';
import type { RegistrationWork } from './registration-work.ts';

type Asked = Omit<NewAccount, 'device'> & {
  readonly device: DeviceToAdd;
  /** What the directory is to keep of it. */
  readonly bytes: number;
};

/**
 * Makes accounts for whoever may have one here. In this order: whether there are any for this asker, the work, the rates of the
 * address, and only then whether the username is free: who asks that without an account pays for each one.
 */
export type Registration = {
  /**
   * @throws ServiceError `registration-closed`, `invite-needed`, `invite-invalid`, `work-needed`, `rate-limited`, `username-taken`;
   * `unavailable` when too many register at once
   */
  readonly register: (address: string, asked: Asked) => Promise<DeviceAddress>;
};

type Deps = {
  readonly mode: Config['registration']['mode'];
  readonly work: RegistrationWork;
  readonly rateLimits: Pick<RateLimits, 'registrations' | 'newDeviceBytes'>;
  readonly directory: Pick<Directory, 'createAccount' | 'findUsername' | 'checkInvite'>;
  readonly passwords: Pick<Passwords, 'hash'>;
  readonly metrics: Pick<Metrics, 'registrations' | 'registrationsRefused'>;
};

export const createRegistration = ({
  mode,
  work: registrationWork,
  rateLimits,
  directory,
  passwords,
  metrics,
}: Deps): Registration => {
  const register: Registration['register'] = async (
    address,
    { username, password, device, work, invite, bytes },
  ) => {
    if (mode === 'closed') throw new ServiceError('registration-closed', 'this server takes no new accounts');
    if (mode === 'invite' && invite === undefined)
      throw new ServiceError('invite-needed', 'an account takes an invite code');
    registrationWork.check(work);
    await rateLimits.registrations.take(address);
    await rateLimits.newDeviceBytes.take(address, bytes);
    // Where none is asked for, one that is given is not used up.
    const code = mode === 'invite' ? invite : undefined;
    if (code !== undefined) await directory.checkInvite(code, username);
    if ((await directory.findUsername(username)) !== null)
      throw new ServiceError('username-taken', 'the username is taken');
    const made = await directory.createAccount(username, await passwords.hash(password), device, code);
    metrics.registrations.inc();
    return made;
  };

  return {
    register: async (address, asked) => {
      try {
        return await register(address, asked);
      } catch (error) {
        if (error instanceof ServiceError) metrics.registrationsRefused.inc({ code: error.code });
        throw error;
      }
    },
  };
};
