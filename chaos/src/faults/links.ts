import type { Fault as LinkFault } from '@restante/testkit';
import { pick, type Fault } from './fault.ts';

/** What happens between two parts. */

const link = (name: string, weight: number, fault: LinkFault): Fault => ({
  name,
  weight,
  begin: ({ cluster }, [which]) => {
    const links = cluster.links.all();
    const proxy = pick(links, which);
    if (proxy === undefined) return Promise.resolve(null);
    proxy.set(fault);
    if (fault === 'refuse') proxy.cut();
    return Promise.resolve({
      on: `link ${links.indexOf(proxy)}`,
      end: () => {
        proxy.set('pass');
        return Promise.resolve();
      },
    });
  },
});

export const refused = link('refused', 6, 'refuse');
export const stalled = link('stalled', 6, 'stall');
export const halfOpen = link('half-open', 6, 'half-open');

/** All links of a part at once: a cable that is pulled. */
export const isolated: Fault = {
  name: 'isolated',
  weight: 5,
  begin: ({ cluster }, [which]) => {
    const { mailboxNodes, masters } = cluster.parts;
    const part = pick(
      ['couch1', 'couch2', 'couch3', ...[...mailboxNodes, ...masters].map(({ name }) => name)],
      which,
    );
    if (part === undefined) return Promise.resolve(null);
    cluster.links.isolate(part);
    return Promise.resolve({
      on: part,
      end: () => {
        cluster.links.join(part);
        return Promise.resolve();
      },
    });
  },
};
