import type { ExpandedSecretKey } from '@rustbalance/crypto-worker/brands.js';
import { runActorThread } from '@rustbalance/actors/kernel/actor-thread.js';
import type { ActorDefinition } from '@rustbalance/actors/kernel/actor.js';
import { publisherActor } from '@rustbalance/actors/publisher/actor.js';
import { exampleBuilds } from './example-builds.js';

/** The publisher itself, which beside its work has both descriptors built, one pair after another, without a pause. */
const buildingPublisher: ActorDefinition<'publisher'> = {
  name: 'publisher',
  start: async (context) => {
    const running = await publisherActor.start(context);
    const key = context.secrets.masterKey;
    if (key === null) throw new Error('the bench gives the publisher a master key');
    const next = exampleBuilds(key.reveal() as ExpandedSecretKey);
    let pairs = 0;
    let stopped = false;
    const build = async (): Promise<void> => {
      while (!stopped) {
        const built = await context.crypto('buildDescriptors', next());
        if (!built.ok) throw new Error(`${built.code}: ${built.detail}`);
        pairs++;
      }
    };
    build().catch((error: unknown) => {
      if (!stopped) context.log.error('the bench cannot build', { reason: String(error) });
    });
    return {
      ...running,
      inspect: () => {
        const { state, context: known } = running.inspect();
        return { state, context: { ...known, pairs } };
      },
      stop: async (deadlineMs, reason) => {
        stopped = true;
        await running.stop(deadlineMs, reason);
      },
    };
  },
};

await runActorThread(buildingPublisher);
