/** What the demo asks of a person's process. Each is answered by `done` or `failed` with the same number. */
export type PersonRequest = { readonly number: number } & PersonCommand;
export type PersonCommand =
  | { readonly type: 'register'; readonly username: string }
  /** Connects. Done when live. */
  | { readonly type: 'connect' }
  /** Done when all texts are durable in the sender's vault. */
  | { readonly type: 'send'; readonly to: string; readonly texts: readonly string[] }
  /** Lists the conversation with somebody, oldest first. */
  | { readonly type: 'list'; readonly username: string };

export type ListedMessage = {
  readonly text: string;
  readonly direction: 'in' | 'out';
  readonly isAccepted: boolean;
};

/** What a person's process tells. */
export type PersonEvent =
  | { readonly type: 'done'; readonly number: number; readonly listed?: readonly ListedMessage[] }
  | { readonly type: 'failed'; readonly number: number; readonly message: string }
  | { readonly type: 'connection'; readonly name: string }
  /** A message appears on this person's screen. */
  | { readonly type: 'shown'; readonly text: string }
  /** One more of this person's messages has been accepted. */
  | { readonly type: 'accepted' };
