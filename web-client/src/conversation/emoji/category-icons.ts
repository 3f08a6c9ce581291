import Apple from '@lucide/svelte/icons/apple';
import Clock from '@lucide/svelte/icons/clock';
import Flag from '@lucide/svelte/icons/flag';
import Hand from '@lucide/svelte/icons/hand';
import Heart from '@lucide/svelte/icons/heart';
import Leaf from '@lucide/svelte/icons/leaf';
import Lightbulb from '@lucide/svelte/icons/lightbulb';
import Plane from '@lucide/svelte/icons/plane';
import Smile from '@lucide/svelte/icons/smile';

/** Stands for a category in the row below the emojis. */
export const CATEGORY_ICONS = {
  recent: Clock,
  smileys: Smile,
  people: Hand,
  hearts: Heart,
  nature: Leaf,
  food: Apple,
  activities: Plane,
  objects: Lightbulb,
  symbols: Flag,
};
