/** A program of this machine, or null: one in PATH or in a system folder. */
export declare const findProgram: (name: string) => string | null;
