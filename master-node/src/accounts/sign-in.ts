import type { Username } from '@restante/protocol';
import { ServiceError } from '@restante/service-kit';
import type { AccountRecord } from '../directory/directory.ts';
import type { Metrics } from '../metrics.ts';
import type { RateLimits } from '../rate-limits.ts';
import type { Passwords } from './password.ts';

/**
 * Checks a password, within the rates for its address and username. An unknown user (null) takes as long, and gets
 * the same answer, as a wrong password.
 *
 * @throws ServiceError `unauthorized`, `rate-limited`; `unavailable` when too many sign in at once
 */
export type SignIn = (
  address: string,
  username: Username,
  password: string,
  account: AccountRecord | null,
) => Promise<AccountRecord>;

export const createSignIn =
  (
    passwords: Passwords,
    { logins, loginFailures }: Pick<RateLimits, 'logins' | 'loginFailures'>,
    results: Metrics['logins'],
  ): SignIn =>
  async (address, username, password, account) => {
    await logins.take(address);
    await loginFailures.check(username);
    const isRight = await passwords.verify(password, account?.passwordHash ?? null);
    results.inc({ result: isRight ? 'accepted' : 'refused' });
    if (isRight && account) return account;
    await loginFailures.take(username);
    throw new ServiceError('unauthorized', 'the username or the password is wrong');
  };
