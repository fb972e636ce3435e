import { runActorThread } from '../kernel/actor-thread.js';
import { wgActor } from './actor.js';

await runActorThread(wgActor);
