import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { changed, commonVersion, createVersions, VERSIONS, type Body, type VersionStep } from './index.ts';

const accountId = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';
const typing = { type: 'typing', to: accountId, active: true } as const;

/** To version 2: `whom` became `recipient`. */
const second: VersionStep = {
  upstream: {
    typing: changed(
      z.strictObject({ type: z.literal('typing'), whom: z.string(), active: z.boolean() }),
      ({ whom, ...rest }) => ({ ...rest, recipient: whom }),
      ({ recipient, ...rest }: { type: 'typing'; recipient: string; active: boolean }) => ({
        ...{ ...rest, whom: recipient },
      }),
    ),
  },
  bodies: { account: null },
};
/** To version 3: `recipient` became `to`; the frames `presence` came. */
const third: VersionStep = {
  upstream: {
    typing: changed(
      z.strictObject({ type: z.literal('typing'), recipient: z.string(), active: z.boolean() }),
      ({ recipient, ...rest }) => ({ ...rest, to: recipient }),
      ({ to, ...rest }: { type: 'typing'; to: string; active: boolean }) => ({ ...rest, recipient: to }),
    ),
    presence: null,
  },
  downstream: { presence: null },
};

describe('versions', () => {
  const versions = createVersions(3, [second, third]);
  const [now, before, first] = versions;

  it('are each the newest form turned back by every step since', () => {
    expect(versions.map(({ version }) => version)).toEqual([3, 2, 1]);
    const forms = [
      typing,
      { type: 'typing', recipient: accountId, active: true },
      { type: 'typing', whom: accountId, active: true },
    ];
    versions.forEach(({ upstream }, index) => {
      expect(upstream.say(typing)).toEqual(forms[index]);
      expect(upstream.read.parse(forms[index])).toEqual(typing);
      // Strict: no version is spoken with words of another.
      const others = forms.filter((_, other) => other !== index);
      for (const form of others) expect(upstream.read.safeParse(form).success).toBe(false);
      expect(upstream.read.safeParse({ ...forms[index], more: 1 }).success).toBe(false);
    });
    const toNobody = { type: 'typing', whom: 'nobody', active: true };
    expect(first!.upstream.read.safeParse(toNobody).success).toBe(false);
  });

  it('do not have what came later', () => {
    const presence = { type: 'presence', accountId, state: 'online' } as const;
    expect(now.downstream.say(presence)).toBe(presence);
    expect(before!.downstream.say(presence)).toBeNull();
    expect(before!.upstream.read.safeParse({ type: 'presence', state: 'online', to: [] }).success).toBe(
      false,
    );
    const account: Body<'account'> = { accountId, username: 'anna', list: null };
    expect(before!.bodies.say('account', account)).toBe(account);
    expect(first!.bodies.say('account', account)).toBeNull();
    expect(first!.bodies.read.account.safeParse(account).success).toBe(false);
  });

  it('are agreed on: the newest that both sides speak', () => {
    expect(commonVersion(versions, [1, 2])).toBe(before);
    expect(commonVersion(versions, [4, 3, 2])).toBe(now);
    expect(commonVersion(versions, [4, NaN])).toBeNull();
  });
});

describe('what is heard', () => {
  const [now] = VERSIONS;

  it('may have fields and frames of a later version, which are left out', () => {
    expect(now.downstream.read.parse({ type: 'pong', serverTime: 1, mood: 'good' })).toEqual({
      type: 'pong',
      serverTime: 1,
    });
    expect(now.downstream.read.parse({ type: 'weather', sunny: true })).toBeNull();
    expect(now.bodies.read.keyStock.parse({ preKeys: 1, kyberPreKeys: 2, more: 3 })).toEqual({
      preKeys: 1,
      kyberPreKeys: 2,
    });
    expect(now.bodies.read.errorBody.parse({ code: 'teapot', message: 'short and stout' })).toEqual({
      code: 'internal',
      message: 'short and stout',
    });
  });

  it('is refused where a known frame does not fit', () => {
    for (const bad of [{ type: 'pong' }, { type: 7 }, {}, null, 'pong', []])
      expect(now.downstream.read.safeParse(bad).success).toBe(false);
  });
});
