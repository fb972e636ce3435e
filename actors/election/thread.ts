import { runActorThread } from '../kernel/actor-thread.js';
import { electionActor } from './actor.js';

await runActorThread(electionActor);
