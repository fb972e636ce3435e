import { runActorThread } from '../kernel/actor-thread.js';
import { publisherActor } from './actor.js';

await runActorThread(publisherActor);
