/** What the measurement asks of a page of the messenger, as `watch`. Times are milliseconds since the navigation began. */
export type Watch = {
  /** Resolves with the time at which an element that matches `selector` had `text` in it. */
  readonly until: (selector: string, text: string) => Promise<number>;
  /** Durations of tasks of more than 50 ms on the page's thread since the navigation. */
  readonly longTasks: () => readonly number[];
  /** Resolves when the page has nothing to do. */
  readonly rest: () => Promise<void>;
  /** Presses the button of this label and waits until the own message with this text is accepted; answers how long that took. */
  readonly press: (label: string, text: string) => Promise<number>;
};
