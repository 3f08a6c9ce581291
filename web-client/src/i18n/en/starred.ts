export const starred = {
  title: 'Starred messages',
  titleWith: (name: string) => `Starred messages with ${name}`,
  none: 'Nothing is starred here. The menu of a message has a star.',
  failed: 'They could not be read.',
  older: 'Older ones',
  mark: 'Starred',
} as const;
