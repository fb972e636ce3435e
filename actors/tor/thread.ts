import { runActorThread } from '../kernel/actor-thread.js';
import { torActor } from './actor.js';

await runActorThread(torActor);
