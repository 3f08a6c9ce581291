/**
 * What a crowd is asked to do. Every second person only sends, to the one after: so the senders can be there while
 * the recipients are away.
 */
export type CrowdTask =
  | {
      /** Makes accounts, each with one device and the one-time keys that the messenger uploads. Comes first. */
      readonly kind: 'register';
      readonly masterUrl: string;
      readonly count: number;
    }
  | { readonly kind: 'connect' | 'leave'; readonly who: 'senders' | 'recipients' }
  | {
      /** Sends at a steady rate. Recipients that are connected acknowledge; done when all has been answered. */
      readonly kind: 'send';
      readonly messages: number;
      readonly perSecond: number;
    }
  | {
      /** Recipients, who are connected, read their mailboxes from every node, merge, and acknowledge. */
      readonly kind: 'catch-up';
      readonly messages: number;
    };
