import type { Fault as LinkFault } from '@restante/testkit';
import type { Links } from '@restante/testkit/cluster';
import type { World } from '../world/world.ts';
import { pick, type Begun, type Fault } from './fault.ts';

/** What happens between two parts. */

type Link = ReturnType<Links['all']>[number];

/** Between servers there are none: what can be cut there is their network. */
const linksOf = ({ cluster }: World): readonly Link[] => cluster.machine?.links.all() ?? [];

const suffer = (link: Link | undefined, fault: LinkFault): Begun | null => {
  if (link === undefined) return null;
  const { from, to, proxy } = link;
  proxy.set(fault);
  if (fault === 'refuse') proxy.cut();
  return {
    on: `${from} to ${to}${typeof fault === 'object' ? ` ${JSON.stringify(fault)}` : ''}`,
    end: () => {
      proxy.set('pass');
      return Promise.resolve();
    },
  };
};

const link = (
  name: string,
  weight: number,
  faultOf: (...numbers: readonly [number, number]) => LinkFault,
): Fault => ({
  name,
  weight,
  begin: (world, [which, first = 0, second = 0]) =>
    Promise.resolve(suffer(pick(linksOf(world), which), faultOf(first, second))),
});

const MAX_LATENCY_MS = 3_000;
/** Octets a second: a line of a modem, of a bad mobile phone, and one that is good enough. */
const RATES = [4_000, 20_000, 200_000] as const;
/** About a frame or two, about a page of mail, and long enough for most of what is asked. */
const MEAN_BYTES = [1_500, 10_000, 100_000] as const;

/** Who answers says that there is nothing: to devices, which must give nothing up for that. */
export const notThere: Fault = {
  name: 'not-there',
  weight: 3,
  maxSteps: 40,
  begin: (world, [which, where = 0]) => {
    const links = linksOf(world).filter(({ from }) => from === 'client');
    const toMasters = links.filter(({ to }) => to.startsWith('master'));
    return Promise.resolve(suffer(pick(where % 2 === 0 ? toMasters : links, which), 'not-there'));
  },
};

export const refused = link('refused', 6, () => 'refuse');
export const stalled = link('stalled', 6, () => 'stall');
export const halfOpen = link('half-open', 6, () => 'half-open');
export const oneWay = link('one-way', 6, () => 'one-way');
export const slow = link('slow', 6, (latency, rate) => ({
  latencyMs: latency % MAX_LATENCY_MS,
  bytesPerSecond: pick(RATES, rate) ?? 0,
}));
export const lossy = link('lossy', 6, (seed, length) => ({ seed, meanBytes: pick(MEAN_BYTES, length) ?? 0 }));

/** All links of a part at once: a cable that is pulled. */
export const isolated: Fault = {
  name: 'isolated',
  weight: 5,
  begin: ({ cluster }, [which]) => {
    const { mailboxNodes, masters, buses } = cluster.parts;
    const part = pick(
      ['couch1', 'couch2', 'couch3', ...[...mailboxNodes, ...masters, ...buses].map(({ name }) => name)],
      which,
    );
    const links = cluster.machine?.links;
    if (part === undefined || links === undefined) return Promise.resolve(null);
    links.isolate(part);
    return Promise.resolve({
      on: part,
      end: () => {
        links.join(part);
        return Promise.resolve();
      },
    });
  },
};
