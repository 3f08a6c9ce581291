/** One line per event. Never a body, a credential or the id of a document. */
export type Log = (event: string, fields: Record<string, string | number>) => void;

export const noLog: Log = () => undefined;
