import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { world } from '../inputs/world.model.ts';
import type { Stage } from '../stage/stage.ts';
import { describeInput } from './finding.ts';
import { run, type Result } from './run.ts';

/** Whether what is wrong with a service is found, and how small what shows it becomes. */

const INPUTS = 1_500;

/** A service that takes everything but what has this text in its body. */
const fuzzed = async (
  text: string,
  onText: (end: () => void, crash: () => void) => void,
): Promise<Result> => {
  let crash: () => void = () => undefined;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const fail = (): void => void response.writeHead(500).end();
      if (Buffer.concat(chunks).includes(text)) onText(fail, crash);
      if (!response.headersSent) response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => server.closeAllConnections());
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stage = {
    cluster: { parts: { processes: [] }, heal: () => Promise.resolve() },
    frames: world.frames,
    world: () =>
      Promise.resolve({
        ...world,
        masters: [url],
        mailboxNodes: [url],
        gates: world.gates.map((gate) => ({ ...gate, url })),
      }),
    talk: () => Promise.resolve(),
    settled: () => Promise.resolve(),
    onCrash: (tell: (who: string, how: string) => void) => (crash = () => tell('master1', 'SIGSEGV')),
  } as unknown as Stage;
  const plan = {
    seed: 1,
    from: 0,
    inputs: INPUTS,
    minutes: Infinity,
    kinds: ['requests'] as const,
    atOnce: 24,
  };
  return run(stage, plan, () => undefined);
};

test('an answer of 500 is found, with a request that shows it', async () => {
  const { findings, inputs } = await fuzzed('"constructor":', (fail) => fail());
  expect(inputs).toBe(INPUTS);
  const [finding] = findings.filter(({ kind }) => kind === 'internal');
  expect(finding?.what).toMatch(/^(master|mailbox-node) \w+ \/.*: 500$/);
  expect(finding?.indexes).toHaveLength(1);
  const shown = describeInput(finding!.smallest!).join('\n');
  expect(shown).toContain('constructor');
});

test('of what was under way at a crash, that which does it again alone is found', async () => {
  const { findings } = await fuzzed('"constructor":', (_fail, crash) => crash());
  const [finding] = findings.filter(({ kind }) => kind === 'crash');
  expect(finding).toMatchObject({ what: 'master1 ended: SIGSEGV', indexes: [expect.any(Number)] });
  expect(describeInput(finding!.smallest!).join('\n')).toContain('constructor');
});

test('a service that takes everything is left in peace', async () => {
  const { findings, answers } = await fuzzed('never said', (fail) => fail());
  expect(findings.filter(({ kind }) => kind !== 'late')).toEqual([]);
  expect([...(answers.get('requests') ?? [])].map(([answer]) => answer)).toContain('200');
});
