import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { check } from './checker/check.ts';
import { FAULTS } from './faults/index.ts';
import type { Line } from './history/line.ts';
import { OPERATIONS } from './operations/index.ts';
import { makePlan } from './plan/plan.ts';
import { EVENTS } from './run/events.ts';
import { runPlan } from './run/run-plan.ts';
import { startStage, type Stage } from './world/stage.ts';

/** The short form of `npm run chaos`: one seed on real parts, and what the checker says of it when something had been lost. */

const SEED = 1;
const STEPS = 60;
/** Named, so that the plan stays the same when there are others. */
const FEW = new Set([
  'killed',
  'terminated',
  'refused',
  'stalled',
  'half-open',
  'isolated',
  'device-killed',
  'dies-at-commit',
  'vault-fails',
]);

const folder = mkdtempSync(join(tmpdir(), 'restante-chaos-test-'));
let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ masters: 2 });
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** The history as if a device had never had a message. */
const without = (history: readonly Line[], device: string, id: string): Line[] =>
  history.flatMap((line): Line[] => {
    if (line.type === 'told' && line.device === device && 'message' in line && line.message.id === id)
      return [];
    if (line.type !== 'state' || line.device !== device) return [line];
    const conversations = line.state.conversations.map((conversation) => ({
      ...conversation,
      messages: conversation.messages.filter((message) => message.id !== id),
    }));
    return [{ ...line, state: { ...line.state, conversations } }];
  });

/** Texts that stand somewhere in the end, with where. */
const textsOf = (history: readonly Line[]): { device: string; id: string }[] =>
  history.flatMap((line) =>
    line.type === 'state'
      ? line.state.conversations.flatMap(({ messages }) =>
          messages
            .filter(({ kind, direction }) => kind === 'text' && direction === 'in')
            .map(({ id }) => ({ device: line.device, id })),
        )
      : [],
  );

test(
  `${STEPS} steps of chaos break no law (seed ${SEED}), and a text that is taken from their history breaks one`,
  { timeout: 240_000 },
  async () => {
    const plan = makePlan({
      seed: SEED,
      steps: STEPS,
      operations: OPERATIONS,
      events: EVENTS,
      faults: FAULTS.filter(({ name }) => FEW.has(name)),
    });
    const { history, violations } = await runPlan(stage, folder, { plan, people: 3, seed: SEED });
    expect(violations).toEqual([]);
    const count = (type: Line['type']): number => history.filter((line) => line.type === type).length;
    expect(count('fault')).toBeGreaterThan(0);
    expect(count('memory')).toBeGreaterThan(0);
    // Whoever is away when its step comes does nothing: how many there are depends on the machine.
    expect(count('invoked')).toBeGreaterThan(STEPS / 4);

    // Not every text is owed to everybody: some authors were blocked, some conversations deleted.
    const lost = textsOf(history).filter(({ device, id }) =>
      check(without(history, device, id)).violations.some(({ law }) => law === 'arrives'),
    );
    expect(lost).not.toEqual([]);
  },
);
