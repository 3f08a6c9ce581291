import { ServiceError } from '@restante/service-kit';
import type { AccountRecord } from '../directory/directory.ts';
import type { Metrics } from '../metrics.ts';
import type { Guesser, RateLimits } from '../rate-limits.ts';
import type { Passwords } from './password.ts';

/**
 * Checks a password, within the rates for who tries it. An unknown user (null) takes as long, and gets the same
 * answer, as a wrong password.
 *
 * A failure is counted before the check, and taken back when there was none: guesses that come together are as many
 * as those that come one by one. It counts for the username and the address together, and for a device of the account
 * by itself: no stranger's guesses keep an owner out.
 *
 * @throws ServiceError `unauthorized`, `rate-limited`; `unavailable` when too many sign in at once
 */
export type SignIn = (
  guesser: Guesser,
  password: string,
  account: AccountRecord | null,
) => Promise<AccountRecord>;

export const createSignIn =
  (
    passwords: Passwords,
    { logins, loginFailures }: Pick<RateLimits, 'logins' | 'loginFailures'>,
    results: Metrics['logins'],
  ): SignIn =>
  async (guesser, password, account) => {
    if ('address' in guesser) await logins.take(guesser.address);
    await loginFailures.take(guesser);
    let isRefused = false;
    try {
      const isRight = await passwords.verify(password, account?.passwordHash ?? null);
      results.inc({ result: isRight ? 'accepted' : 'refused' });
      if (isRight && account) return account;
      isRefused = true;
    } finally {
      if (!isRefused) await loginFailures.giveBack(guesser);
    }
    throw new ServiceError('unauthorized', 'the username or the password is wrong');
  };
