import fc from 'fast-check';
import { conversationWith, MessengerError, type Messenger } from '../../index.ts';
import type { Death } from './dying-vault.ts';
import type { Facts, Written } from './schedule-facts.ts';
import type { Fate } from './scripted-network.ts';
import type { ScriptedDevice, ScriptedWorld } from './scripted-world.ts';

/** A schedule that is under way. */
export type Schedule = { readonly world: ScriptedWorld; readonly facts: Facts };

type Step = fc.AsyncCommand<object, Schedule>;

/** A step by its name; which of what there is it takes is told by `choices`, modulo how many there are. */
const step = (name: string, take: (schedule: Schedule) => Promise<unknown>): Step => ({
  check: () => true,
  run: async (_, schedule) => {
    await take(schedule);
    await schedule.world.settle();
  },
  toString: () => name,
});

const of = <T>(all: readonly T[], choice: number): T | undefined => all[choice % all.length];

const deviceOf = ({ world }: Schedule, choice: number): ScriptedDevice => {
  const device = of(world.devices, choice);
  if (device === undefined) throw new Error('there are no devices');
  return device;
};

/** Nothing was done: there was nothing to do it to. */
const isRefused = (error: unknown): boolean =>
  error instanceof MessengerError && error.code !== 'storage-failed' && error.code !== 'closed';

/** What a person does: `kept` when it is for certain, `refused` when nothing was done. */
const attempt = <R>(work: Promise<R>, kept: (result: R) => void, refused: () => void): void =>
  void work.then(kept, (error: unknown) => {
    if (isRefused(error)) refused();
  });

const write = (device: number, to: number): Step =>
  step(`write(${device}, ${to})`, async (schedule) => {
    const { world, facts } = schedule;
    const by = deviceOf(schedule, device);
    const others = world.accounts.map((_, index) => index).filter((index) => index !== by.person);
    const person = of(others, to) ?? 0;
    if (!by.messenger) return;
    const text = facts.write(by, person);
    attempt(
      by.messenger.sendText(conversationWith(world.accounts[person] ?? ''), text.label),
      ({ id }) => facts.keep(text, id),
      () => (text.certainty = 'refused'),
    );
    await world.settle();
  });

type ToText = (
  schedule: Schedule,
  text: Written & { readonly id: string },
  device: ScriptedDevice & { readonly messenger: Messenger },
  reference: { readonly author: string; readonly id: string },
  conversation: ReturnType<typeof conversationWith>,
) => void;

/** Something that a device of its reader or writer does to a text that is kept. */
const toText = (name: string, which: number, device: number, act: ToText): Step =>
  step(`${name}(${which}, ${device})`, async (schedule) => {
    const { world, facts } = schedule;
    const kept = facts.written.filter(({ certainty }) => certainty === 'kept');
    const text = of(kept, which);
    if (text?.id == null) return;
    const known = text as Written & { readonly id: string };
    const able = world.devices.filter(({ person }) => person === text.by.person || person === text.to);
    const by = of(able, device);
    if (!by?.messenger) return;
    const other = by.person === text.to ? text.by.person : text.to;
    const author = world.accounts[text.by.person] ?? '';
    act(
      schedule,
      known,
      by as ScriptedDevice & { readonly messenger: Messenger },
      { author, id: known.id },
      conversationWith(world.accounts[other] ?? ''),
    );
    await world.settle();
  });

const react = (which: number, device: number, emoji: string | null): Step =>
  toText(`react ${emoji}`, which, device, ({ facts }, text, by, reference, conversation) => {
    const reaction = { device: by, emoji, certain: false };
    const { reactions } = facts.deedsTo(text);
    reactions.push(reaction);
    attempt(
      by.messenger.react(conversation, reference, emoji),
      () => (reaction.certain = true),
      () => void reactions.splice(reactions.indexOf(reaction), 1),
    );
  });

const edit = (which: number, device: number): Step =>
  toText('edit', which, device, ({ facts }, text, by, { id }, conversation) => {
    if (by.person !== text.by.person) return;
    const { edits } = facts.deedsTo(text);
    const made = { device: by, words: `${text.label}, edit ${edits.length}`, certain: false };
    edits.push(made);
    attempt(
      by.messenger.editText(conversation, id, made.words),
      () => (made.certain = true),
      () => void edits.splice(edits.indexOf(made), 1),
    );
  });

const takeBack = (which: number, device: number): Step =>
  toText('takeBack', which, device, ({ facts }, text, by, { id }, conversation) => {
    if (by.person !== text.by.person) return;
    const deeds = facts.deedsTo(text);
    const before = deeds.takenBack;
    deeds.takenBack ??= 'unsure';
    attempt(
      by.messenger.deleteForEveryone(conversation, id),
      () => (deeds.takenBack = 'kept'),
      () => (deeds.takenBack = before),
    );
  });

const hide = (which: number, device: number): Step =>
  toText('hide', which, device, ({ facts }, text, by, reference, conversation) => {
    const { hidden } = facts.deedsTo(text);
    const work = async (): Promise<boolean> => {
      const [row] = await by.messenger.messagesByReference([reference]);
      if (!row) return false;
      if (hidden.get(by.person) !== 'kept') hidden.set(by.person, 'unsure');
      await by.messenger.deleteForMe(conversation, [reference]);
      return true;
    };
    attempt(
      work(),
      (done) => {
        if (done) hidden.set(by.person, 'kept');
      },
      () => undefined,
    );
  });

const read = (which: number, device: number): Step =>
  toText('read', which, device, ({ facts }, text, by, reference) => {
    if (by.person !== text.to) return;
    const work = async (): Promise<boolean> => {
      const [row] = await by.messenger.messagesByReference([reference]);
      if (row?.kind !== 'text') return false;
      await by.messenger.markReadUpTo(row);
      return true;
    };
    attempt(
      work(),
      (done) => {
        if (done) facts.deedsTo(text).read.add(by.person);
      },
      () => undefined,
    );
  });

const block = (device: number, whom: number): Step =>
  step(`block(${device}, ${whom})`, async (schedule) => {
    const { world, facts } = schedule;
    const by = deviceOf(schedule, device);
    const others = world.accounts.map((_, index) => index).filter((index) => index !== by.person);
    const person = of(others, whom) ?? 0;
    if (!by.messenger) return;
    // What is written back lets them in again.
    if (facts.isBlocked(by.person, person)) return;
    const made = facts.block(by, person);
    attempt(
      by.messenger.setStanding(world.accounts[person] ?? '', 'blocked'),
      () => facts.keepBlock(made),
      () => void facts.blocks.splice(facts.blocks.indexOf(made), 1),
    );
    await world.settle();
  });

const pass = (choices: readonly (readonly [number, Fate])[]): Step =>
  step(`pass(${choices.map(([choice, fate]) => `${choice} ${fate}`).join(', ')})`, async ({ world }) => {
    for (const [choice, fate] of choices) await world.step(choice, fate);
  });

const wait = (ms: number): Step => step(`wait(${ms})`, ({ world }) => world.time.advance(ms));

const drop = (device: number, arrived: boolean): Step =>
  step(`drop(${device}, ${arrived})`, async (schedule) => {
    deviceOf(schedule, device).peer?.drop(arrived);
    await schedule.world.settle();
  });
const stall = (device: number, isStalled: boolean): Step =>
  step(`${isStalled ? 'stall' : 'restore'}(${device})`, (schedule) => {
    const { peer } = deviceOf(schedule, device);
    if (peer) peer.isStalled = isStalled;
    return Promise.resolve();
  });

const node = (number: number, isUp: boolean): Step =>
  step(`node(${number}, ${isUp ? 'up' : 'down'})`, ({ world }) => {
    const one = of(world.cluster.nodes, number);
    if (one) one.down = !isUp;
    return Promise.resolve();
  });
const loseNode = (number: number): Step =>
  step(`loseNode(${number})`, ({ world }) => {
    const { nodes } = world.cluster;
    const lost = nodes[number % nodes.length];
    if (lost && world.mayLose(number % nodes.length)) lost.loseAll(nodes.filter((each) => each !== lost));
    return Promise.resolve();
  });
const mesh = (from: number, to: number): Step =>
  step(`mesh(${from}, ${to})`, ({ world }) => {
    const [source, target] = [of(world.cluster.nodes, from), of(world.cluster.nodes, to)];
    if (source && target && source !== target && !source.down && !target.down) target.pull(source);
    return Promise.resolve();
  });
const master = (number: number, isUp: boolean): Step =>
  step(`master(${number}, ${isUp ? 'up' : 'down'})`, ({ world }) => {
    if (isUp) world.network.mastersDown.delete(number);
    else world.network.stopMaster(number);
    return Promise.resolve();
  });

const die = (device: number, death: Death | 'now', arrived: boolean): Step =>
  step(
    `die(${device}, ${typeof death === 'string' ? death : `${death.when} ${death.at}`}, ${arrived})`,
    (schedule) => deviceOf(schedule, device).die(death, arrived),
  );
const reopen = (device: number): Step =>
  step(`reopen(${device})`, (schedule) => deviceOf(schedule, device).open());
/** A person asks for their mail again. */
const refresh = (device: number): Step =>
  step(`refresh(${device})`, (schedule) => {
    deviceOf(schedule, device).messenger?.refresh();
    return Promise.resolve();
  });
const failVault = (device: number, operations: number): Step =>
  step(`failVault(${device}, ${operations})`, (schedule) => {
    deviceOf(schedule, device).failVault(operations);
    return Promise.resolve();
  });

const choice = fc.nat({ max: 11 });
const fate = fc.constantFrom<Fate>(
  ...(['whole', 'whole', 'whole', 'whole', 'lost', 'unanswered', 'late', 'twice'] as const),
);
const passing = fc.array(fc.tuple(choice, fate), { minLength: 1, maxLength: 12 }).map(pass);
const writing = fc.tuple(choice, choice).map(([device, to]) => write(device, to));
const which = fc.tuple(choice, choice);
const death = fc.record({
  at: fc.integer({ min: 1, max: 4 }),
  when: fc.constantFrom<Death['when']>('before', 'after'),
});

/** Steps of a schedule; what is there several times is so many times as likely. */
export const STEPS: readonly fc.Arbitrary<Step>[] = [
  ...Array<typeof writing>(4).fill(writing),
  ...Array<typeof passing>(9).fill(passing),
  fc
    .tuple(choice, choice, fc.constantFrom('+1', ':-)', null))
    .map(([text, by, emoji]) => react(text, by, emoji)),
  which.map(([text, by]) => edit(text, by)),
  which.map(([text, by]) => takeBack(text, by)),
  which.map(([text, by]) => hide(text, by)),
  which.map(([text, by]) => read(text, by)),
  which.map(([by, whom]) => block(by, whom)),
  ...Array.from({ length: 2 }, () => fc.constantFrom(100, 1_000, 5_000, 20_000).map(wait)),
  fc.tuple(choice, fc.boolean()).map(([device, arrived]) => drop(device, arrived)),
  choice.map((device) => stall(device, true)),
  choice.map((device) => stall(device, false)),
  fc.tuple(choice, fc.boolean()).map(([number, isUp]) => node(number, isUp)),
  choice.map(loseNode),
  fc.tuple(choice, choice).map(([from, to]) => mesh(from, to)),
  fc.tuple(fc.nat({ max: 1 }), fc.boolean()).map(([number, isUp]) => master(number, isUp)),
  fc.tuple(choice, fc.boolean()).map(([device, arrived]) => die(device, 'now', arrived)),
  ...Array.from({ length: 2 }, () =>
    fc.tuple(choice, death, fc.boolean()).map(([device, at, arrived]) => die(device, at, arrived)),
  ),
  ...Array.from({ length: 2 }, () => choice.map(reopen)),
  choice.map(refresh),
  fc
    .tuple(choice, fc.integer({ min: 1, max: 3 }))
    .map(([device, operations]) => failVault(device, operations)),
];
