import { median } from './statistics.ts';

/**
 * Runs ours and the peer in turns, so that what else the machine does hits both alike. One round to warm up is
 * not counted. Answers with the medians, and the median of the quotients within a round.
 */
export const compare = async (
  rounds: number,
  ours: () => Promise<number>,
  peer: () => Promise<number>,
): Promise<{ value: number; peer: number; ratio: number }> => {
  const pairs: { value: number; peer: number }[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const value = await ours();
    const pair = { value, peer: await peer() };
    if (round > 0) pairs.push(pair);
  }
  return {
    value: median(pairs.map(({ value }) => value)),
    peer: median(pairs.map((pair) => pair.peer)),
    ratio: median(pairs.map((pair) => pair.value / pair.peer)),
  };
};
