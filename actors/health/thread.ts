import { runActorThread } from '../kernel/actor-thread.js';
import { healthActor } from './actor.js';

await runActorThread(healthActor);
