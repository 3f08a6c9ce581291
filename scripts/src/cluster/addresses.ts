/** The CouchDB of a mailbox node, and the node as CouchDBs reach it for the mesh. */
export type Couch = {
  /** The node's. */
  readonly name: string;
  readonly adminUrl: string;
  readonly dataUrl: string;
  /** The node, with the credentials by which its own CouchDB writes what the mesh brings. */
  readonly meshUrl: string;
  /** The node, with the credentials by which the others read. */
  readonly readerUrl: string;
};

/** `url` is the address of the part `to`, with credentials where it needs some. */
export type Link = { readonly from: string; readonly to: string; readonly url: string };

/** The address under which a part finds another one: `url`, or that of something in between. */
export type Route = (link: Link) => string | Promise<string>;

/** What a mailbox node is told of its CouchDB and of the mesh. */
export type NodeSurroundings = {
  readonly own: Pick<Couch, 'name' | 'adminUrl' | 'dataUrl' | 'meshUrl'>;
  /** All nodes as this one's CouchDB reaches them, with their readers. */
  readonly mesh: readonly { readonly name: string; readonly url: string }[];
};

/** A mailbox node as a master and its clients reach it. */
export type NodeAddress = { readonly name: string; readonly url: string; readonly publicUrl: string };

const couchOf = (node: string): string => node.replace('node', 'couch');

/** Addresses for the mailbox node that `couch` belongs to. */
export const nodeSurroundings = async (
  route: Route,
  couch: Couch,
  couches: readonly Couch[],
): Promise<NodeSurroundings> => {
  const { name, meshUrl } = couch;
  const link = { from: name, to: couchOf(name) };
  return {
    own: {
      name,
      adminUrl: await route({ ...link, url: couch.adminUrl }),
      dataUrl: await route({ ...link, url: couch.dataUrl }),
      meshUrl,
    },
    mesh: await Promise.all(
      couches.map(async ({ name: peer, readerUrl: url }) => ({
        name: peer,
        url: peer === name ? url : await route({ from: couchOf(name), to: peer, url }),
      })),
    ),
  };
};

/** Addresses of the directory for a master. */
export const directoryAddresses = (
  route: Route,
  master: string,
  couches: readonly Couch[],
): Promise<readonly string[]> =>
  Promise.all(
    couches.map(async ({ name, dataUrl }) => route({ from: master, to: couchOf(name), url: dataUrl })),
  );

/** Addresses of the bus for a master, with credentials. */
export const busAddresses = (
  route: Route,
  master: string,
  buses: readonly { readonly name: string; readonly url: string }[],
): Promise<readonly string[]> =>
  Promise.all(buses.map(async ({ name, url }) => route({ from: master, to: name, url })));

/** Addresses of the mailbox nodes for a master, and those that it tells its clients: paths on the front's origin, or the nodes' own. */
export const nodeAddresses = (
  route: Route,
  master: string,
  nodes: readonly { readonly name: string; readonly url: string }[],
  forClients: 'front' | 'direct',
): Promise<readonly NodeAddress[]> =>
  Promise.all(
    nodes.map(async ({ name, url }) => ({
      name,
      url: await route({ from: master, to: name, url }),
      publicUrl: forClients === 'front' ? `/${name}` : await route({ from: 'client', to: name, url }),
    })),
  );

/** With whole addresses for clients: the first node is found at the first server, and so on. Without servers nothing changes. */
export const atServers = (
  origins: readonly string[],
  nodes: readonly NodeAddress[],
): readonly NodeAddress[] =>
  origins.length === 0
    ? nodes
    : nodes.map((node, index) => ({ ...node, publicUrl: `${origins[index % origins.length]}/${node.name}` }));
