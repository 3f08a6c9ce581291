import { table } from '@restante/scripts/cli';
import { describeInput, type Finding } from '../run/finding.ts';
import { LATE_MS, type Result } from '../run/run.ts';

const counted = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .sort(([, left], [, right]) => right - left)
    .map(([answer, count]) => `${answer} ${count}`)
    .join(', ');

const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);

const reportFinding = (
  { kind, what, indexes, smallest }: Finding,
  again: (indexes: readonly number[]) => string,
): string[] => [
  `found: ${kind}: ${what}`,
  ...(smallest === null
    ? indexes.length === 0
      ? []
      : ['  not again when it was sent alone']
    : describeInput(smallest).map((line) => `  ${line}`)),
  ...(indexes.length === 0 ? [] : [`  again: ${again(indexes)}`]),
];

/** The run in lines: answers, how long they took, memory, and what was found. */
export const reportResult = (
  result: Result,
  seed: number,
  again: (indexes: readonly number[]) => string,
): string[] => {
  const { inputs, seconds, findings, answers, latencies, memoryMb } = result;
  const times = [...latencies].map(([kind, own]) => [
    kind,
    String(own.count()),
    ...[0.5, 0.99, 0.999].map((share) => String(own.percentile(share))),
    String(own.max()),
    String(own.over(LATE_MS)),
  ]);
  const memory = [...memoryMb].map(([name, notes]) => [
    name,
    ...[notes[0], notes.at(-1), Math.max(...notes)].map(String),
  ]);
  return [
    `seed ${seed}: ${inputs} inputs in ${seconds} s, ${findings.length} findings`,
    '',
    ...[...answers].map(([kind, counts]) => `${kind} ${total(counts)}: ${counted(counts)}`),
    '',
    table([['until answered, ms', 'inputs', 'p50', 'p99', 'p99.9', 'max', `over ${LATE_MS}`], ...times]),
    '',
    table([['memory, MB', 'first', 'last', 'most'], ...memory]),
    '',
    ...findings.flatMap((finding) => reportFinding(finding, again)),
    findings.length === 0
      ? `no crash, no answer of 500, none later than ${LATE_MS} ms; memory is bounded, and people go on`
      : '',
  ];
};

/** The same as JSON, with the answers at each endpoint and to each frame. */
export const resultAsJson = (
  result: Result,
  seed: number,
  again: (indexes: readonly number[]) => string,
): object => {
  const { inputs, seconds, findings, answers, targets, latencies, memoryMb } = result;
  const plain = (counts: ReadonlyMap<string, ReadonlyMap<string, number>>): object =>
    Object.fromEntries([...counts].map(([name, own]) => [name, Object.fromEntries(own)]));
  return {
    seed,
    inputs,
    seconds,
    answers: plain(answers),
    targets: plain(targets),
    latencyMs: Object.fromEntries(
      [...latencies].map(([kind, own]) => [
        kind,
        {
          p50: own.percentile(0.5),
          p99: own.percentile(0.99),
          p999: own.percentile(0.999),
          max: own.max(),
          late: own.over(LATE_MS),
        },
      ]),
    ),
    memoryMb: Object.fromEntries(memoryMb),
    findings: findings.map(({ smallest, ...finding }) => ({
      ...finding,
      smallest: smallest === null ? null : describeInput(smallest),
      ...(finding.indexes.length > 0 && { again: again(finding.indexes) }),
    })),
  };
};
