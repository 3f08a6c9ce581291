/** Service ids of Signal: an account's UUID, or `PNI:` and a UUID for its phone-number identity. */

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const PNI_PREFIX = 'PNI:';
const SERVICE_ID_BYTES = 17;

/** 17 bytes: the kind (0 account, 1 phone number) and the UUID. Null when the name is no service id. */
export const serviceIdOf = (name: string): Uint8Array | null => {
  const isPni = name.startsWith(PNI_PREFIX);
  const uuid = isPni ? name.slice(PNI_PREFIX.length) : name;
  if (!UUID.test(uuid)) return null;
  const digits = uuid.replaceAll('-', '');
  const bytes = new Uint8Array(SERVICE_ID_BYTES);
  bytes[0] = isPni ? 1 : 0;
  for (let index = 1; index < SERVICE_ID_BYTES; index += 1) {
    bytes[index] = Number.parseInt(digits.slice(2 * index - 2, 2 * index), 16);
  }
  return bytes;
};
