import type { Link, Route } from '@restante/scripts/cluster';
import { startFaultProxy, type FaultProxy } from '../fault-proxy.ts';

export type NamedLink = Pick<Link, 'from' | 'to'> & { readonly proxy: FaultProxy };

/** A fault proxy in each connection between two parts of a cluster, by the names of its processes. */
export type Links = AsyncDisposable & {
  readonly route: Route;
  readonly all: () => readonly NamedLink[];
  /** The link by which `from` finds `to`. */
  readonly between: (from: string, to: string) => FaultProxy;
  /** Breaks the links between every part of one side and every part of the other, both ways. */
  readonly cut: (side: readonly string[], other: readonly string[]) => void;
  /** Breaks all links from and to a part. */
  readonly isolate: (name: string) => void;
  readonly join: (name: string) => void;
  /** Makes all links whole. */
  readonly heal: () => void;
};

const refuse = ({ proxy }: NamedLink): void => {
  proxy.set('refuse');
  proxy.cut();
};
const pass = ({ proxy }: NamedLink): void => proxy.set('pass');

export const createLinks = (): Links => {
  const entries: NamedLink[] = [];
  const starting = new Map<string, Promise<FaultProxy>>();

  const start = async ({ from, to, url }: Link): Promise<FaultProxy> => {
    const proxy = await startFaultProxy(url);
    entries.push({ from, to, proxy });
    return proxy;
  };
  const touching = (name: string): NamedLink[] =>
    entries.filter(({ from, to }) => from === name || to === name);

  return {
    route: async (link) => {
      const name = `${link.from} ${link.to}`;
      const proxy = starting.get(name) ?? start(link);
      starting.set(name, proxy);
      const routed = new URL(link.url);
      routed.host = (await proxy).address;
      return routed.href.replace(/\/$/, '');
    },
    all: () => entries,
    between: (from, to) => {
      const entry = entries.find((link) => link.from === from && link.to === to);
      if (entry === undefined) throw new RangeError(`${from} has no link to ${to}`);
      return entry.proxy;
    },
    cut: (side, other) =>
      entries
        .filter(
          ({ from, to }) =>
            (side.includes(from) && other.includes(to)) || (other.includes(from) && side.includes(to)),
        )
        .forEach(refuse),
    isolate: (name) => touching(name).forEach(refuse),
    join: (name) => touching(name).forEach(pass),
    heal: () => entries.forEach(pass),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(entries.map(({ proxy }) => proxy[Symbol.asyncDispose]()));
    },
  };
};
