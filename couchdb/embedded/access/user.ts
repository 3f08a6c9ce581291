/** Who makes a request. Nobody in particular has the name null. */
export interface User {
  name: string | null;
  roles: string[];
}

export const adminRole = '_admin';
export const anonymous: User = { name: null, roles: [] };

export function isServerAdmin(user: User): boolean {
  return user.roles.includes(adminRole);
}
