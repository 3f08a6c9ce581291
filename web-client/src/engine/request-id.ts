/** A UUIDv7 of now: makes a call that is sent again to another leader known as the same one. */
export const newRequestId = (): string => {
  const time = Date.now().toString(16).padStart(12, '0');
  const random = crypto.randomUUID();
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`;
};
