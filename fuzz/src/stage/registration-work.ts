import { createHash } from 'node:crypto';
import { errorBody, leadingZeroBits, workText, type WorkDemand, type WorkDone } from '@restante/protocol';
import { seededRandom } from '@restante/testkit/seeded-random';
import { valueOf, type Shape } from '../values/shape.ts';

const solve = ({ challenge, bits }: WorkDemand): WorkDone => {
  for (let count = 0; ; count += 1) {
    const work = { challenge, solution: count.toString(36) };
    if (leadingZeroBits(createHash('sha256').update(workText(work)).digest()) >= bits) return work;
  }
};

/** Work for an account that nobody has asked for yet. `newAccount`: shape of what is asked. @throws when the master demands none */
export const doWork = async (masterUrl: string, newAccount: Shape): Promise<WorkDone> => {
  const asked = valueOf(newAccount, seededRandom(1), {});
  const answer = await fetch(`${masterUrl}/api/accounts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(asked),
  });
  const { code, work } = errorBody.parse(await answer.json());
  if (work === undefined) throw new Error(`a master demands no work, but answers ${code}`);
  return solve(work);
};
