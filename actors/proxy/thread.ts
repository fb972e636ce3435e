import { runActorThread } from '../kernel/actor-thread.js';
import { proxyActor } from './actor.js';

await runActorThread(proxyActor);
