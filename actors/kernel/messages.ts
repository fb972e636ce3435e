import { electionMessages } from '../election/messages.js';
import { healthMessages } from '../health/messages.js';
import { proxyMessages } from '../proxy/messages.js';
import { publisherMessages } from '../publisher/messages.js';
import { torMessages } from '../tor/messages.js';
import { wgMessages } from '../wg/messages.js';
import { hostMessages } from './host-messages.js';
import type { AnswerOf, Declaration, PayloadOf } from './message-declaration.js';
import { poolMessages } from './pool-messages.js';
import { supervisorMessages } from './supervisor-messages.js';

/**
 * Start order; the reverse is the stop order. At a stop the lease is given back and goodbye said before the proxy waits
 * for its connections: the others publish without this node while those end.
 */
export const ACTOR_NAMES = ['tor', 'proxy', 'wg', 'election', 'publisher', 'health'] as const;
export type ActorName = (typeof ACTOR_NAMES)[number];

/** Everybody who can own or send a message: the actors, and the main thread's services. */
export type ParticipantName = ActorName | 'host' | 'pool' | 'supervisor';

/** All messages of the daemon, by name. */
export const MESSAGES = {
  ...torMessages,
  ...wgMessages,
  ...electionMessages,
  ...publisherMessages,
  ...proxyMessages,
  ...healthMessages,
  ...hostMessages,
  ...poolMessages,
  ...supervisorMessages,
} as const satisfies Record<`${ParticipantName}.${string}`, Declaration>;

export type Messages = typeof MESSAGES;
export type MessageName = keyof Messages;
export type Payload<N extends MessageName> = PayloadOf<Messages[N]>;
export type Answer<N extends MessageName> = AnswerOf<Messages[N]>;

type OfKind<K extends Declaration['kind']> = {
  [N in MessageName]: Messages[N] extends { readonly kind: K } ? N : never;
}[MessageName];

export type FactName = OfKind<'fact'>;
export type SignalName = OfKind<'signal'>;
export type OrderName = OfKind<'order'>;
export type RequestName = OfKind<'request'>;

/** The messages that A itself may send as facts or signals. */
export type Owned<A extends ParticipantName, N extends MessageName> = Extract<N, `${A}.${string}`>;

/** The participant that owns a message: the prefix of its name. */
export const ownerOf = (name: MessageName): ParticipantName =>
  name.slice(0, name.indexOf('.')) as ParticipantName;
