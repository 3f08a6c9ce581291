import type { DeviceName } from '../history/line.ts';

/** The laws that a run is held to. */
export type Law =
  | 'arrives'
  | 'once'
  | 'order'
  | 'says-what-was-said-last'
  | 'files-are-whole'
  | 'whole-or-gone'
  | 'deleted-stays-deleted'
  | 'disappears-in-time'
  | 'blocked-is-not-shown'
  | 'authentic'
  | 'for-its-devices-alone'
  | 'own-devices-agree'
  | 'states-go-forward'
  | 'complete-is-true'
  | 'servers-empty-and-alike'
  | 'no-plaintext'
  | 'no-crash'
  | 'heals';

export type Violation = {
  readonly law: Law;
  /** What is wrong, in a sentence. */
  readonly what: string;
  /** Times of the lines that show it, in order. */
  readonly shownBy: readonly number[];
  /** Messages by their keys, and devices, that it is about. */
  readonly about: { readonly messages?: readonly string[]; readonly devices?: readonly DeviceName[] };
};

/** A loss that a policy allows, such as of what had one copy, told as one copy, on a disk that was lost. */
export type Allowance = { readonly policy: string; readonly what: string };

export type Finding = Violation | Allowance;

export const isViolation = (finding: Finding): finding is Violation => 'law' in finding;
export const isAllowance = (finding: Finding): finding is Allowance => 'policy' in finding;
