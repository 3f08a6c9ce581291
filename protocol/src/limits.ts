/**
 * Bounds that both ends of every connection agree on (law 10). Sizes are in bytes of the JSON text on the
 * wire; `payload` is counted in base64 characters, as it travels and is stored.
 */
export const LIMITS = {
  /** One envelope's base64 ciphertext: about 72 kB of ciphertext. */
  payloadBytes: 96 * 1024,
  /** One WebSocket frame, either way. */
  frameBytes: 1024 * 1024,
  /** Accounts addressed by one `send`: the recipients, and the sender's own other devices. */
  recipientsPerSend: 32,
  /** Envelopes in one `send`, over all its recipients. */
  envelopesPerSend: 256,
  /** Envelopes in one `POST /messages`. */
  envelopesPerStore: 500,
  /** Body of one `POST /messages`. */
  storeBodyBytes: 8 * 1024 * 1024,
  /** Any other HTTP body. */
  bodyBytes: 1024 * 1024,
  /** Envelopes in one page of a mailbox. */
  envelopesPerPage: 500,
  /** Ids in one page of a mailbox's ids. */
  idsPerPage: 2_000,
  /** A page ends after the envelope that reaches this size. */
  pageBytes: 4 * 1024 * 1024,
  /** Messages acknowledged in one frame or one `POST /messages/delete`. */
  idsPerAcknowledge: 500,
  /** Accounts that one device tells of its presence. */
  presenceAudience: 256,
  /** Origins of masters that a session names. */
  masters: 16,
  /** Bytes of each part of a blob but the last one. */
  blobPartBytes: 1024 * 1024,
  /** Parts of one blob. */
  blobParts: 1024,
  /** Origins of mailbox nodes that may hold one blob. */
  blobNodes: 64,
  /** One sealed message of a rendezvous, in base64. */
  sealedBytes: 4 * 1024,
  /** A device's right to be added to an account. */
  grantBytes: 2 * 1024,
  /** Highest device number of an account. */
  deviceId: 127,
  /** Devices that have left an account, and whose mail may still be under way. */
  formerDevices: 64,
  /** One-time pre-keys in one upload, and in stock per device. */
  oneTimePreKeys: 100,
  /** The same of one-time Kyber pre-keys, which are 30 times as large. */
  oneTimeKyberPreKeys: 16,
  /** Highest id of a key. Those of one-time keys rise: an id that is not above all before it is not taken. */
  keyId: 0xffffff,
  /** A message id may lie this far in the future of the server's clock. */
  clockSkewMs: 10 * 60 * 1000,
  /** A message nobody fetched expires this long after the time in its id. */
  messageTtlMs: 30 * 24 * 60 * 60 * 1000,
} as const;
