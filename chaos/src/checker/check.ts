import type { Line } from '../history/line.ts';
import { agreement } from './agreement.ts';
import { arrival, authentic, once, order } from './arrival.ts';
import { blocked, deleted } from './deleted.ts';
import { disappearing } from './disappearing.ts';
import { factsOf } from './facts.ts';
import { outboxes, servers } from './servers.ts';
import { saidLast } from './said-last.ts';
import { complete, forward } from './telling.ts';
import { uploads } from './uploads.ts';
import { isAllowance, isViolation, type Allowance, type Violation } from './violation.ts';
import { wholeFiles } from './whole-files.ts';

const LAWS = [
  arrival,
  once,
  authentic,
  order,
  saidLast,
  wholeFiles,
  uploads,
  deleted,
  disappearing,
  blocked,
  agreement,
  forward,
  complete,
  servers,
  outboxes,
];

export type Verdict = { readonly violations: readonly Violation[]; readonly allowed: readonly Allowance[] };

/**
 * Holds a history against the laws. Apart from the product and from what made the history: it knows nothing but the lines. What is
 * not certain to be wrong is not told.
 */
export const check = (history: readonly Line[]): Verdict => {
  const facts = factsOf(history);
  const findings = LAWS.flatMap((law) => law(facts));
  return {
    violations: findings.filter(isViolation),
    allowed: findings.filter(isAllowance),
  };
};
