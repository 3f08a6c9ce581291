/** The nginx of this machine, or null: one in PATH or in a system folder. */
export declare const findNginx: () => string | null;
