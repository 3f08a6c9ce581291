/** Process of a crowd: people who register, connect, write to each other and catch up, as their parent says. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS, type Downstream, type Envelope } from '@restante/protocol';
import { waitFor } from '@restante/testkit';
import { readMailbox } from '../servers/mailbox.ts';
import { atOnce } from './at-once.ts';
import type { CrowdTask } from './crowd-task.ts';
import { connectAccount, messageTo, registerDevice, type BenchAccount, type Device } from './device.ts';
import { newPayload } from './envelopes.ts';
import { serveParent } from './load-process.ts';

type Person = { readonly account: BenchAccount; device: Device | null };

const AT_ONCE = 4;
const TICK_MS = 10;
const ANSWERED_WITHIN_MS = 120_000;
/** When more than this many seconds of messages have no answer, the rate is too high for the machine. */
const BACKLOG_SECONDS = 10;

let masterUrl = '';
const senders: Person[] = [];
const recipients: Person[] = [];

const register = async (count: number): Promise<void> => {
  const places = Array.from({ length: count }, (_, index) => (index % 2 === 0 ? senders : recipients));
  await atOnce(AT_ONCE, places, async (place) => {
    place.push({
      account: await registerDevice(masterUrl, {
        preKeys: LIMITS.oneTimePreKeys,
        kyberPreKeys: LIMITS.oneTimeKyberPreKeys,
      }),
      device: null,
    });
  });
};

const connect = (people: readonly Person[]): Promise<void> =>
  atOnce(AT_ONCE, people, async (person) => {
    person.device = await connectAccount(masterUrl, person.account);
  });

const leave = (people: readonly Person[]): void => {
  for (const person of people) {
    person.device?.[Symbol.dispose]();
    person.device = null;
  }
};

const deviceOf = ({ device }: Person): Device => {
  if (device === null) throw new Error('somebody who is to act is not connected');
  return device;
};

const acknowledge = (device: Device, envelopes: readonly Envelope[]): void => {
  const messages = envelopes.map(({ id, senderId, senderDeviceId }) => ({ id, senderId, senderDeviceId }));
  device.send({ type: 'acknowledge', receipts: true, messages });
};

/** Counts what is answered to people, and acknowledges what is pushed to them. */
const listen = (people: readonly Person[]) => {
  const heard = { accepted: 0, acknowledged: 0, fault: null as Error | null };
  const onFrame = (device: Device, frame: Downstream): void => {
    if (frame.type === 'accepted') heard.accepted += 1;
    if (frame.type === 'envelope') acknowledge(device, [frame.envelope]);
    if (frame.type === 'acknowledged') heard.acknowledged += frame.ids.length;
    if (frame.type === 'refused' || frame.type === 'error') {
      heard.fault ??= new Error(`a frame was refused: ${frame.error.code}`);
    }
  };
  for (const { device } of people) {
    if (device === null) continue;
    device.onFrame = (frame) => {
      onFrame(device, frame);
    };
  }
  return heard;
};

const untilAnswered = (what: string, isAnswered: () => boolean): Promise<unknown> =>
  waitFor(what, isAnswered, { timeoutMs: ANSWERED_WITHIN_MS });

const send = async (messages: number, perSecond: number): Promise<void> => {
  const heard = listen([...senders, ...recipients]);
  const startedAt = performance.now();
  let sent = 0;
  while (sent < messages) {
    const due = Math.min(messages, ((performance.now() - startedAt) / 1000) * perSecond);
    for (; sent < due; sent += 1) {
      const pair = sent % senders.length;
      deviceOf(senders[pair]!).send(messageTo(recipients[pair]!.account, newPayload()));
    }
    if (heard.fault !== null) throw heard.fault;
    if (sent - heard.accepted > BACKLOG_SECONDS * perSecond) {
      throw new Error(`the cluster does not carry ${perSecond} messages/s on this machine: lower --rate`);
    }
    await sleep(TICK_MS);
  }
  const toAcknowledge = recipients.some(({ device }) => device !== null) ? messages : 0;
  await untilAnswered('every message to be accepted and acknowledged', () => {
    if (heard.fault !== null) return true;
    return heard.accepted >= messages && heard.acknowledged >= toAcknowledge;
  });
  if (heard.fault !== null) throw heard.fault;
};

const catchUp = async (messages: number): Promise<void> => {
  let read = 0;
  await atOnce(AT_ONCE, recipients, async (person) => {
    const [device, heard] = [deviceOf(person), listen([person])];
    const { mailboxNodes, mailboxToken } = person.account;
    const copies = await Promise.all(mailboxNodes.map((url) => readMailbox(url, device, mailboxToken)));
    const waiting = [...new Map(copies.flat().map((envelope) => [envelope.id, envelope])).values()];
    for (let from = 0; from < waiting.length; from += LIMITS.idsPerAcknowledge) {
      acknowledge(device, waiting.slice(from, from + LIMITS.idsPerAcknowledge));
    }
    await untilAnswered('what was read to be deleted', () => heard.acknowledged >= waiting.length);
    read += waiting.length;
  });
  if (read !== messages) throw new Error(`${read} of ${messages} messages were found waiting`);
};

const groupOf = { senders, recipients };

serveParent(async (task: CrowdTask): Promise<null> => {
  switch (task.kind) {
    case 'register':
      masterUrl = task.masterUrl;
      await register(task.count);
      return null;
    case 'connect':
      await connect(groupOf[task.who]);
      return null;
    case 'leave':
      leave(groupOf[task.who]);
      return null;
    case 'send':
      await send(task.messages, task.perSecond);
      return null;
    case 'catch-up':
      await catchUp(task.messages);
      return null;
  }
});
