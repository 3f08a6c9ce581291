import type { AccountId, MessageId } from '@restante/protocol';
import type { ScriptedDevice } from './scripted-world.ts';

/** Whether something that a person did is kept for certain, or may be: its device failed on the way. */
export type Certainty = 'kept' | 'unsure';

/** A text that a person wrote. `label` is its text, which is another one each time. */
export type Written = {
  readonly label: string;
  readonly by: ScriptedDevice;
  readonly to: number;
  certainty: Certainty | 'refused';
  /** Known when it is kept. */
  id: MessageId | null;
  /** Among what is kept. */
  order: number;
};

export type Reference = { readonly author: AccountId; readonly id: MessageId };

/** What people did to a text. */
export type Deeds = {
  takenBack: Certainty | null;
  /** By person. */
  readonly hidden: Map<number, Certainty>;
  readonly read: Set<number>;
  /** Words that it may say now, beside its label. */
  readonly edits: { readonly device: ScriptedDevice; readonly words: string; certain: boolean }[];
  readonly reactions: { readonly device: ScriptedDevice; readonly emoji: string | null; certain: boolean }[];
};

/** A person has blocked another one on a device. `before`: labels of what had been written until it was certain; null: it is not. */
export type Block = {
  readonly device: ScriptedDevice;
  readonly blocked: number;
  before: ReadonlySet<string> | null;
};

/** What people did in a schedule: what has to hold at its end follows from it. */
export class Facts {
  readonly written: Written[] = [];
  readonly blocks: Block[] = [];
  readonly #deeds = new Map<Written, Deeds>();
  #kept = 0;

  write(by: ScriptedDevice, to: number): Written {
    const label = `text ${this.written.length} of ${by.name}`;
    const text: Written = { label, by, to, certainty: 'unsure', id: null, order: 0 };
    this.written.push(text);
    return text;
  }

  keep(text: Written, id: MessageId): void {
    this.#kept += 1;
    Object.assign(text, { certainty: 'kept', id, order: this.#kept });
  }

  deedsTo(text: Written): Deeds {
    const deeds = this.#deeds.get(text) ?? {
      ...{ takenBack: null, hidden: new Map(), read: new Set(), edits: [], reactions: [] },
    };
    this.#deeds.set(text, deeds);
    return deeds;
  }

  /** A person blocks somebody on a device, perhaps. */
  block(device: ScriptedDevice, blocked: number): Block {
    const block: Block = { device, blocked, before: null };
    this.blocks.push(block);
    return block;
  }

  keepBlock(block: Block): void {
    block.before = new Set(this.written.map(({ label }) => label));
  }

  /** Those that stand: who writes to somebody whom they have blocked lets them in again. */
  standingBlocks(one: number, other: number, isAcquainted: boolean): readonly Block[] {
    return this.blocks.filter(({ device: { person }, blocked, before }) => {
      if (before === null) return false;
      const isBetween = [one, other].includes(person) && [one, other].includes(blocked);
      const isLifted = this.written.some(
        ({ by, to, label }) => by.person === person && to === blocked && !(isAcquainted && before.has(label)),
      );
      return isBetween && !isLifted;
    });
  }

  isBlocked(one: number, other: number): boolean {
    return this.blocks.some(
      ({ device: { person }, blocked }) =>
        (person === one && blocked === other) || (person === other && blocked === one),
    );
  }
}
