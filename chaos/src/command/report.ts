import { shortestHistory } from '../checker/shortest-history.ts';
import type { Violation } from '../checker/violation.ts';
import type { Line } from '../history/line.ts';
import type { Figures, Summary } from './figures.ts';
import { teller } from './tell-history.ts';

/** What the command says of its runs, in lines. */

const MAX_VIOLATIONS = 20;
/** Of one law, so many are shown with their history. */
const MAX_TOLD_OF_A_LAW = 2;

const counted = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .sort(([, left], [, right]) => right - left)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

const inSeconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export const reportRun = (run: Figures): string[] => [
  [
    `seed ${run.seed}: ${run.seconds} s`,
    `${total(run.operations)} operations`,
    `${total(run.faults)} faults`,
    `${run.messages} messages`,
    `healed in ${inSeconds(run.healMs)}`,
    `${run.violations.length} violations`,
    `${total(run.allowed)} allowed`,
  ].join(', '),
  ...Object.entries(run.allowed).map(([policy, count]) => `  allowed: ${policy}: ${count}`),
];

/** Each law that was broken, what shows it, and how to see it again. `again`: the command. */
export const reportViolations = (
  history: readonly Line[],
  violations: readonly Violation[],
  again: string,
): string[] => {
  const tell = teller(history);
  const told = new Map<string, number>();
  const lines: string[] = [];
  for (const violation of violations.slice(0, MAX_VIOLATIONS)) {
    const { law, what } = violation;
    lines.push(`  broken: ${law}: ${tell.sentence(what)}`);
    const before = told.get(law) ?? 0;
    told.set(law, before + 1);
    if (before >= MAX_TOLD_OF_A_LAW) continue;
    lines.push(...shortestHistory(history, violation).map((line) => `    ${tell.line(line)}`));
  }
  const left = violations.length - MAX_VIOLATIONS;
  if (left > 0) lines.push(`  ... and ${left} more`);
  if (violations.length > 0) lines.push(`  again: ${again}`);
  return lines;
};

export const reportSummary = ({ seeds, seconds, healMs, ...of }: Summary): string[] =>
  healMs === null
    ? []
    : [
        `${seeds} seeds in ${seconds} s: ${of.messages} messages, ${of.violations} violations, ${total(of.allowed)} allowed`,
        `operations: ${counted(of.operations)}`,
        `faults: ${counted(of.faults)}`,
        `memory in MiB, first run, last run, most: ${Object.entries(of.memoryMiB)
          .map(([kind, figures]) => `${kind} ${figures.join(', ')}`)
          .join('; ')}`,
        `times to heal: p50 ${inSeconds(healMs.p50)}, p99 ${inSeconds(healMs.p99)}, max ${inSeconds(healMs.max)}`,
      ];
