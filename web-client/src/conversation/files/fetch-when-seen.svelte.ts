import type { Message, MessageFile } from '@restante/client';
import { untrack } from 'svelte';
import type { Attachment } from 'svelte/attachments';
import type { App } from '../../state/app.ts';
import { kindOf } from './shown-as.ts';

/**
 * Fetches a file as soon as a person can see some of the element that this is attached to: of people who were let in, what was chosen for
 * this browser. What cannot be fetched is tried again when the connection is back, and not because it has failed. Belongs to the component
 * that makes it.
 */
export const fetchWhenSeen = (
  { connection, conversations, fetchedUnasked }: App,
  given: () => { readonly message: Message; readonly file: MessageFile },
  fetch: () => void,
): Attachment => {
  let isSeen = $state(false);
  const isChosen = $derived.by(() => {
    const { message, file } = given();
    const isLetIn =
      message.direction === 'out' || conversations.get(message.conversation)?.standing === 'accepted';
    return isLetIn && fetchedUnasked.includes(kindOf(file), file.size);
  });
  const isLive = $derived(connection.name === 'live');
  /** Null: it is not to be fetched. Without a connection what is on this device is. */
  const from = $derived(!isSeen || !isChosen ? null : isLive ? 'anywhere' : 'here');
  $effect(() => {
    // Its state changes when it fails, which is no reason to begin anew.
    if (from !== null) untrack(fetch);
  });
  return (element) => {
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      isSeen = true;
    });
    observer.observe(element);
    return () => observer.disconnect();
  };
};
