import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { Step } from './plan.ts';

/** A plan that was kept, to be run again as it is. */
export type KeptPlan = { readonly seed: number; readonly people: number; readonly steps: readonly Step[] };

const pauseMs = z.number().nonnegative();
const name = z.string();
const numbers = z.array(z.int().nonnegative());
const fault = z.int().nonnegative();
const keptPlan = z.object({
  seed: z.int().nonnegative(),
  people: z.int().min(2),
  steps: z.array(
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('operation'), name, numbers, pauseMs }),
      z.object({ kind: z.literal('event'), name, numbers, pauseMs }),
      z.object({ kind: z.literal('fault'), name, numbers, fault, pauseMs }),
      z.object({ kind: z.literal('fault-ended'), fault, pauseMs }),
    ]),
  ),
});

/** Throws an Error that says why the file holds no plan. */
export const readPlan = (file: string): KeptPlan => {
  const parsed = keptPlan.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new RangeError(`it is no plan: ${z.prettifyError(parsed.error)}`);
};

export const writePlan = (file: string, plan: KeptPlan): void =>
  writeFileSync(file, `${JSON.stringify(plan, null, 1)}\n`);
