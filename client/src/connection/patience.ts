/** A ping without an answer for so long puts a server in doubt. */
const DOUBT_MS = 1_000;
/** Each further server in a row that is given up in doubt had twice the time: who flees from busy servers makes the others busier. */
const MAX_DOUBLINGS = 5;
/** A connection that has lasted so long ends the row. */
const STEADY_MS = 60_000;

/** The patience of a device with servers that leave it without a word: a machine that loses its power closes no connection. */
export const createPatience = () => {
  let row = 0;
  return {
    /** After how many milliseconds the server of a connection that begins now is in doubt. */
    doubtMs: (): number => DOUBT_MS * 2 ** Math.min(row, MAX_DOUBLINGS),
    /** A connection that lasted so many milliseconds has been given up. */
    onGivenUp: (lastedMs: number): void => {
      row = lastedMs < STEADY_MS ? row + 1 : 1;
    },
  };
};
