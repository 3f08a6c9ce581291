import { randomBytes } from 'node:crypto';
import { addresseeOf, type Bus, type BusEvent, type MasterId, type Missed } from './bus.ts';
import { createFollowedAddressees, type FollowedAddressees } from './followed-addressees.ts';

type Member = {
  readonly self: MasterId;
  readonly followed: FollowedAddressees;
  readonly listeners: ((event: BusEvent, from: MasterId) => void)[];
  readonly missed: ((missed: Missed) => void)[];
};

export const newMasterId = (): MasterId => randomBytes(12).toString('base64url');

/** The bus of masters in one process: a call. Gives a function that makes the end of one master. */
export const createLocalBus = (): (() => Bus) => {
  const members = new Set<Member>();
  const hear = (member: Member, event: BusEvent, from: MasterId): void => {
    for (const listener of member.listeners) listener(event, from);
  };
  return () => {
    const own: Member = {
      self: newMasterId(),
      followed: createFollowedAddressees(),
      listeners: [],
      missed: [],
    };
    members.add(own);
    return {
      self: own.self,
      latenessMs: 0,
      publish: (event) => {
        hear(own, event, own.self);
        const addressee = addresseeOf(event);
        for (const other of members)
          if (other !== own && (addressee === null || other.followed.has(addressee)))
            hear(other, event, own.self);
      },
      subscribe: (listener) => void own.listeners.push(listener),
      onMissed: (listener) => void own.missed.push(listener),
      follow: (addressee) => void own.followed.follow(addressee),
      unfollow: (addressee) => void own.followed.unfollow(addressee),
      state: () => ({ kind: 'in-process', up: true, peers: members.size - 1 }),
      [Symbol.asyncDispose]: () => {
        if (members.delete(own))
          for (const { missed } of members)
            for (const listener of missed) listener({ kind: 'gone', master: own.self });
        return Promise.resolve();
      },
    };
  };
};
