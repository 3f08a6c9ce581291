import { isMet, type Figure, type Target } from './figure.ts';
import type { Machine } from './machine.ts';

export type Report = {
  readonly machine: Machine;
  readonly engine: string;
  readonly figures: readonly Figure[];
};

const round = (value: number): string => {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
};

const describeTarget = (target: Target, unit: string): string => {
  const bound = 'atLeast' in target ? `≥ ${round(target.atLeast)}` : `≤ ${round(target.atMost)}`;
  return target.of === 'ratio' ? `ratio ${bound}` : `${bound} ${unit}`;
};

const row = (figure: Figure): string[] => {
  const { name, unit, value, peer, ratio, target } = figure;
  const met = isMet(figure);
  return [
    name,
    `${round(value)} ${unit}`,
    peer === undefined ? '' : `${round(peer.value)} (${peer.name})`,
    ratio === undefined ? '' : round(ratio),
    target === undefined ? '' : describeTarget(target, unit),
    met === null ? '' : met ? 'met' : 'missed',
  ];
};

const HEAD = ['figure', 'measured', 'raw peer', 'ratio', 'target', ''];

/** A Markdown table of all figures under the facts of the machine. */
export const formatReport = ({ machine, engine, figures }: Report): string => {
  const rows = [HEAD, ...figures.map(row)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length), 3));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const rule = line(widths.map((width) => '-'.repeat(width)));
  const facts = `${engine}, node ${machine.node}, ${machine.cores} cores (${machine.processor}), ${machine.memoryGiB} GiB, ${machine.platform}`;
  return [facts, '', line(HEAD), rule, ...rows.slice(1).map(line)].join('\n');
};
