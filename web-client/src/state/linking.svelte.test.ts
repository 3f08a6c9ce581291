import { expect, it } from 'vitest';
import type { Calls } from '../engine/calls.ts';
import { EngineError } from '../engine/engine-error.ts';
import { Linking } from './linking.svelte.ts';

const refusal = (code: 'bad-link-code' | 'slot-taken' | 'link-ended') =>
  new EngineError({ code, message: code });

/** An engine whose calls do as they are told; with what was called. */
const linkingWith = (calls: Partial<Calls>) => {
  const called: string[] = [];
  const endLinking = (): Promise<void> => Promise.resolve(void called.push('endLinking'));
  const linkDevice = (link: string): Promise<void> => Promise.resolve(void called.push(`linkDevice ${link}`));
  const takeJoinCode = (code: string) => Promise.resolve({ link: `link of ${code}`, name: 'phone' });
  const all = { endLinking, linkDevice, takeJoinCode, ...calls } as Calls;
  return { linking: new Linking({ calls: all }), called };
};

it('asks before it says anything to the new device, and tells when that is on the list, however late', async () => {
  const answers = [false, false, true];
  const steps: string[] = [];
  const { linking, called } = linkingWith({
    isLinked: () => {
      steps.push(linking.step);
      return Promise.resolve(answers.shift() ?? true);
    },
  });
  await linking.take('a code');
  expect([linking.step, linking.applicant?.name, called]).toEqual(['asking', 'phone', []]);
  await linking.letIn();
  expect(called).toEqual(['linkDevice link of a code']);
  expect([...steps, linking.step]).toEqual(['linking', 'sent', 'sent', 'linked']);
});

it('shows a name without what could turn the question around', async () => {
  const { linking } = linkingWith({
    takeJoinCode: (code) => Promise.resolve({ link: code, name: code }),
  });
  await linking.take('\u202ephone\u200f of\nmine');
  expect(linking.applicant?.name).toBe('phone  of mine');
  await linking.take('\u200b');
  expect(linking.applicant?.name).toBe('?');
});

it('says why a code is of no use, and why the device was not let in, which may be tried again', async () => {
  const { linking } = linkingWith({
    takeJoinCode: () => Promise.reject(refusal('bad-link-code')),
  });
  await linking.take('nothing');
  expect([linking.step, linking.failure?.code]).toEqual(['taking', 'bad-link-code']);
  const { linking: second } = linkingWith({ linkDevice: () => Promise.reject(refusal('slot-taken')) });
  await second.take('a code');
  await second.letIn();
  expect([second.step, second.failure?.code]).toEqual(['asking', 'slot-taken']);
});

it('forgets whom it has asked about when it is ended, and lets in nobody then', async () => {
  const { linking, called } = linkingWith({ isLinked: () => Promise.reject(refusal('link-ended')) });
  await linking.take('a code');
  linking.end();
  await linking.letIn();
  expect(called).toEqual(['endLinking']);
  expect([linking.step, linking.applicant]).toEqual(['taking', null]);
});
