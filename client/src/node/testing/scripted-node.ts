import type { Envelope, ErrorCode, MailboxIds, MailboxPage } from '@restante/protocol';

/** Who is told of arrivals: `event` is a server-sent event, as it goes over the wire. */
export type ScriptedListener = (event: string) => void;

/** A mailbox node of a {@link ScriptedCluster}. Mailboxes are named `<accountId>:<deviceId>`. */
export class ScriptedNode {
  readonly mailboxes = new Map<string, Map<string, Envelope>>();
  readonly listeners = new Map<string, Set<ScriptedListener>>();
  /** Refuses everything. */
  down = false;
  /** Answers everything with this error. */
  refusing: ErrorCode | null = null;
  /** Fails after this many more pages, of ids or of envelopes. */
  pagesLeft = Infinity;
  /** Of an older release: it gives no ids alone. */
  isOld = false;
  /** Its database was lost, and has not been filled by these nodes yet. */
  readonly awaits = new Set<ScriptedNode>();
  /** What it lists and does not give. */
  withholds: (id: string) => boolean = () => false;
  /** Ids of the envelopes that it has given in pages. */
  readonly given: string[] = [];
  expired = 0;
  /** What its owner has deleted, by mailbox: it stays so, whatever comes late (law 4). */
  readonly #deleted = new Map<string, Set<string>>();

  /** Keeps an envelope, unless it is there or has been deleted. */
  store(mailbox: string, envelope: Envelope): void {
    if (this.#deleted.get(mailbox)?.has(envelope.id)) return;
    if (!this.mailboxes.get(mailbox)?.has(envelope.id)) this.put(mailbox, envelope);
  }

  /** Keeps an envelope, whatever was before, and tells who listens. */
  put(mailbox: string, envelope: Envelope): void {
    this.#deleted.get(mailbox)?.delete(envelope.id);
    const box = this.mailboxes.get(mailbox) ?? new Map<string, Envelope>();
    this.mailboxes.set(mailbox, box.set(envelope.id, envelope));
    for (const tell of this.listeners.get(mailbox) ?? [])
      tell(`event: envelope\nid: ${envelope.id}\ndata: ${JSON.stringify(envelope)}\n\n`);
  }

  /** Answers how many were there. */
  delete(mailbox: string, ids: readonly string[]): number {
    const deleted = this.#deleted.get(mailbox) ?? new Set<string>();
    this.#deleted.set(mailbox, deleted);
    const there = ids.filter((id) => this.mailboxes.get(mailbox)?.has(id));
    for (const id of ids) {
      deleted.add(id);
      this.mailboxes.get(mailbox)?.delete(id);
    }
    return there.length;
  }

  /** Takes over what waits at another node, as the mesh does: not what was deleted there. */
  pull(other: ScriptedNode): void {
    for (const [mailbox, box] of other.mailboxes)
      for (const envelope of box.values()) this.store(mailbox, envelope);
    this.awaits.delete(other);
  }

  /** Loses its disk: it begins empty, and has not all until the others have filled it. */
  loseAll(others: readonly ScriptedNode[]): void {
    this.mailboxes.clear();
    this.#deleted.clear();
    for (const other of others) this.awaits.add(other);
  }

  #part(mailbox: string, after: string, limit: number) {
    const all = [...(this.mailboxes.get(mailbox)?.values() ?? [])].filter(({ id }) => id > after);
    const part = all.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit);
    const isAll = part.length === all.length;
    const page = {
      complete: isAll && this.awaits.size === 0,
      next: isAll ? null : (part.at(-1)?.id ?? null),
      expired: after === '' ? this.expired : 0,
    };
    return { part, page };
  }

  page(mailbox: string, after: string, limit: number): MailboxPage {
    const { part, page } = this.#part(mailbox, after, limit);
    const messages = part.filter(({ id }) => !this.withholds(id));
    this.given.push(...messages.map(({ id }) => id));
    return { ...page, messages };
  }

  ids(mailbox: string, after: string, limit: number): MailboxIds {
    const { part, page } = this.#part(mailbox, after, limit);
    return { ...page, ids: part.map(({ id }) => id) };
  }

  /** Tells of arrivals from now on. Answers with what ends it. */
  listen(mailbox: string, tell: ScriptedListener): () => void {
    const listeners = this.listeners.get(mailbox) ?? new Set<ScriptedListener>();
    this.listeners.set(mailbox, listeners.add(tell));
    tell(': listening\n\n');
    return () => void listeners.delete(tell);
  }
}
