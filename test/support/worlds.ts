import { inject } from 'vitest';
import { makeWorld, type World } from './world.ts';

/** Starts a world around the bundles under test. */
export function startWorld(options?: Parameters<typeof makeWorld>[1]): Promise<World> {
  return makeWorld(inject('bundles'), options);
}
