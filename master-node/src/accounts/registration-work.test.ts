import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { leadingZeroBits, workText, type WorkDemand, type WorkDone } from '@restante/protocol';
import { ServiceError } from '@restante/service-kit';
import { createRegistrationWork, type RegistrationWork } from './registration-work.ts';

const BITS = 6;
const START = Date.UTC(2030, 0, 1);

const demanded = (work: RegistrationWork, given?: WorkDone): WorkDemand => {
  try {
    work.check(given);
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'work-needed') return error.detail.work!;
    throw error;
  }
  throw new Error('nothing was demanded');
};
const bitsOf = (work: WorkDone): number =>
  leadingZeroBits(createHash('sha256').update(workText(work)).digest());
const solve = (challenge: string, isOne = (bits: number) => bits >= BITS): WorkDone => {
  for (let count = 0; ; count += 1) {
    const work = { challenge, solution: count.toString(36) };
    if (isOne(bitsOf(work))) return work;
  }
};

it('takes work for its own challenge, once', () => {
  const work = createRegistrationWork(BITS, 'secret', () => START);
  const { challenge, bits } = demanded(work);
  expect(bits).toBe(BITS);
  const done = solve(challenge);
  work.check(done);
  expect(demanded(work, done).challenge).not.toBe(challenge);
});

it('takes none that is too little, too late, of another secret, or for a challenge that was changed', () => {
  let now = START;
  const work = createRegistrationWork(BITS, 'secret', () => now);
  const { challenge } = demanded(work);
  demanded(
    work,
    solve(challenge, (bits) => bits === BITS - 1),
  );
  demanded(work, solve(demanded(createRegistrationWork(BITS, 'other', () => now)).challenge));
  for (const changed of [`${challenge}A`, challenge.slice(0, -1), `B${challenge.slice(1)}`, 'A'.repeat(43)])
    if (changed !== challenge) demanded(work, solve(changed));
  now += 10 * 60_000 + 1;
  demanded(work, solve(challenge));
  now = START;
  work.check(solve(challenge));
});

it('is taken by another master with the same secret', () => {
  const [one, other] = [1, 2].map(() => createRegistrationWork(BITS, 'secret', () => START));
  other!.check(solve(demanded(one!).challenge));
});

it('asks for nothing when an account costs nothing', () => {
  createRegistrationWork(0, 'secret', () => START).check(undefined);
});
