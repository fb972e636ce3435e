import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { StreamAddress } from '@rustbalance/actors/kernel/stream-address.js';
import { FakeGate, type FakeAuthentication } from './fake-control/authentication.js';
import { CommandReader, keyValues, type ReceivedCommand } from './fake-control/commands.js';
import { FakeConfiguration, type FakeOption } from './fake-control/configuration.js';
import { misanswer, type Misbehaviour } from './fake-control/misbehaviour.js';
import {
  fetchEvents,
  infoReply,
  uploadEvent,
  type FakeUpload,
  type FetchBehaviour,
  type UploadBehaviour,
} from './fake-control/hsdirs.js';

export interface FakeControlOptions {
  /** Path of the unix socket; TCP on a free loopback port without it. */
  readonly socketPath?: string;
  readonly authentication?: FakeAuthentication;
  readonly torrc?: readonly FakeOption[];
  /** Every reply and event goes out one byte a write. */
  readonly byteByByte?: boolean;
}

export interface FakeControlPort {
  readonly endpoint: StreamAddress;
  readonly configuration: FakeConfiguration;
  /** Every command of every connection, in order. */
  readonly received: readonly ReceivedCommand[];
  readonly uploads: readonly FakeUpload[];
  /** Values of GETINFO; a value with an LF goes out as a data section. */
  readonly info: Map<string, string>;
  /** GETINFO keys that are answered 551 with this text. */
  readonly unavailable: Map<string, string>;
  /** HSDirs by fingerprint; any other accepts uploads. An entry of null is a relay that Tor does not know. */
  readonly hsdirs: Map<string, UploadBehaviour | null>;
  /**
   * What a fetch from this fingerprint gives; NOT_FOUND without an entry. The key '' is a fetch without servers, and
   * `address fingerprint` comes first.
   */
  readonly fetches: Map<string, FetchBehaviour>;
  /** Number of connections that are open now. */
  readonly connections: number;
  /** Events that some connection is subscribed to. */
  readonly subscribed: ReadonlySet<string>;
  /** Answers the next command of this name wrongly. */
  misbehave(keyword: string, how: Misbehaviour): void;
  /** Holds back every reply from here on, until answerLate(): a Tor whose loop stalls. */
  stall(): void;
  /** Sends the replies that were held back, in order. */
  answerLate(): void;
  /** Sends raw event text (CRLF included) to every connection that is subscribed to `name`. */
  push(name: string, text: string): void;
  /** What SIGHUP does to a Tor: services set by SETCONF are forgotten, events tell. */
  reload(): void;
  /** Ends all connections, as a Tor that dies. */
  dropConnections(): void;
  close(): Promise<void>;
}

interface Peer {
  readonly socket: Socket;
  readonly gate: FakeGate;
  authenticated: boolean;
  muted: boolean;
  events: ReadonlySet<string>;
}

const KNOWN_EVENTS =
  /^(HS_DESC|HS_DESC_CONTENT|CIRC|CIRC_MINOR|CONF_CHANGED|NEWCONSENSUS|STATUS_(CLIENT|GENERAL|SERVER)|SIGNAL|NETWORK_LIVENESS|BW)$/;

/** A Tor's control port without a Tor: scripted, and able to break every rule of the protocol. */
export const startFakeControlPort = async (options: FakeControlOptions = {}): Promise<FakeControlPort> => {
  const peers = new Set<Peer>();
  const received: ReceivedCommand[] = [];
  const uploads: FakeUpload[] = [];
  const info = new Map<string, string>([
    ['version', '0.4.9.11'],
    ['process/pid', '4711'],
    ['status/bootstrap-phase', 'NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"'],
  ]);
  const unavailable = new Map<string, string>();
  const hsdirs = new Map<string, UploadBehaviour | null>();
  const fetches = new Map<string, FetchBehaviour>();
  const misbehaviours = new Map<string, Misbehaviour>();
  const late: (() => void)[] = [];
  let isStalled = false;
  const configuration = new FakeConfiguration(options.torrc ?? []);

  const write = (socket: Socket, text: string): void => {
    if (socket.destroyed) return;
    const bytes = Buffer.from(text, 'latin1');
    if (options.byteByByte === true) for (const byte of bytes) socket.write(Uint8Array.of(byte));
    else socket.write(bytes);
  };
  const push = (name: string, text: string): void => {
    for (const peer of peers) if (peer.events.has(name)) write(peer.socket, text);
  };
  const pushConfChanged = (changes: readonly string[] | null): void => {
    if (changes === null) return;
    const lines = changes.map((change) => `650-${change}\r\n`).join('');
    push('CONF_CHANGED', `650-CONF_CHANGED\r\n${lines}650 OK\r\n`);
  };

  const getInfo = (args: string): string => {
    const keys = args.split(' ');
    const missing = keys.find((key) => !info.has(key) && !unavailable.has(key));
    if (missing !== undefined) return `552 Unrecognized key "${missing}"\r\n`;
    const failed = keys.find((key) => unavailable.has(key));
    if (failed !== undefined) return `551 ${unavailable.get(failed)!}\r\n`;
    return `${keys.map((key) => infoReply(key, info.get(key)!)).join('')}250 OK\r\n`;
  };
  const unknownServer = (servers: readonly string[]): string | null => {
    const unknown = servers.find((server) => hsdirs.get(server) === null);
    return unknown === undefined ? null : `552 Server "${unknown}" not found\r\n`;
  };
  const hsPost = ({ args, body }: ReceivedCommand): { reply: string; then: () => void } => {
    const words = keyValues(args);
    const servers = words.flatMap(({ key, value }) => (key === 'SERVER' && value !== null ? [value] : []));
    const address = words.find(({ key }) => key === 'HSADDRESS')?.value ?? '';
    const nothing = (): void => undefined;
    const unknown = unknownServer(servers);
    if (unknown !== null) return { reply: unknown, then: nothing };
    if (!/^[a-z2-7]{56}$/.test(address)) return { reply: '512 Malformed onion address\r\n', then: nothing };
    if (body?.startsWith('hs-descriptor 3') !== true)
      return { reply: '554 Invalid descriptor\r\n', then: nothing };
    uploads.push({ servers, address, descriptor: body });
    const answer = (): void => {
      for (const server of servers) {
        const event = uploadEvent(hsdirs.get(server) ?? 'accept', address, server);
        if (event !== null) push('HS_DESC', event);
      }
    };
    return { reply: '250 OK\r\n', then: answer };
  };
  const hsFetch = (args: string): { reply: string; then: () => void } => {
    const [address = '', ...rest] = args.split(' ');
    const servers = rest.map((word) => word.replace('SERVER=', ''));
    const unknown = unknownServer(servers);
    if (unknown !== null) return { reply: unknown, then: () => undefined };
    const answer = (): void => {
      for (const server of servers.length === 0 ? [''] : servers) {
        const behaviour = fetches.get(`${address} ${server}`) ?? fetches.get(server) ?? { fail: 'NOT_FOUND' };
        for (const { name, text } of fetchEvents(behaviour, address, server)) push(name, text);
      }
    };
    return { reply: '250 OK\r\n', then: answer };
  };
  const setEvents = (peer: Peer, args: string): string => {
    const names = args.split(' ').filter((name) => name !== '');
    const unknown = names.find((name) => !KNOWN_EVENTS.test(name));
    if (unknown !== undefined) return `552 Unrecognized event "${unknown}"\r\n`;
    peer.events = new Set(names);
    return '250 OK\r\n';
  };
  const reload = (): void => {
    const changes = configuration.reload();
    push('SIGNAL', '650 SIGNAL RELOAD\r\n');
    pushConfChanged(changes);
  };

  /** The right reply to a command, and what follows it. */
  const perform = (peer: Peer, command: ReceivedCommand): { reply: string; then: () => void } => {
    const plain = (reply: string): { reply: string; then: () => void } => ({ reply, then: () => undefined });
    switch (command.keyword) {
      case 'GETINFO':
        return plain(getInfo(command.args));
      case 'GETCONF':
        return plain(
          configuration
            .get(command.args)
            .map((line) => `${line}\r\n`)
            .join(''),
        );
      case 'SETCONF':
      case 'RESETCONF': {
        const { lines, changes } = configuration.set(command.args, command.keyword === 'RESETCONF');
        return { reply: `${lines.join('\r\n')}\r\n`, then: () => pushConfChanged(changes) };
      }
      case 'SETEVENTS':
        return plain(setEvents(peer, command.args));
      case 'SIGNAL':
        if (command.args === 'RELOAD') return { reply: '250 OK\r\n', then: reload };
        if (command.args === 'SHUTDOWN') return { reply: '250 OK\r\n', then: () => peer.socket.end() };
        return plain('250 OK\r\n');
      case 'HSPOST':
        return hsPost(command);
      case 'HSFETCH':
        return hsFetch(command.args);
      default:
        return plain(`510 Unrecognized command "${command.keyword}"\r\n`);
    }
  };

  const handle = (peer: Peer, command: ReceivedCommand): void => {
    received.push(command);
    if (peer.muted) return;
    let right: { reply: string; then: () => void };
    if (peer.authenticated) right = perform(peer, command);
    else {
      const { lines, authenticated, hangUp } = peer.gate.handle(command.keyword, command.args);
      peer.authenticated = authenticated;
      right = {
        reply: `${lines.join('\r\n')}\r\n`,
        then: () => {
          if (hangUp) peer.socket.end();
        },
      };
    }
    const how = misbehaviours.get(command.keyword);
    misbehaviours.delete(command.keyword);
    if (how !== undefined) {
      misanswer(peer.socket, how, right.reply, {
        write,
        holdBack: (answer) => late.push(answer),
        mute: () => (peer.muted = true),
      });
      return;
    }
    const answer = (): void => {
      write(peer.socket, right.reply);
      right.then();
    };
    if (isStalled) late.push(answer);
    else answer();
  };

  const server = createServer((socket) => {
    const peer: Peer = {
      socket,
      gate: new FakeGate(options.authentication ?? {}),
      authenticated: false,
      muted: false,
      events: new Set(),
    };
    const reader = new CommandReader();
    peers.add(peer);
    socket.on('data', (chunk: Buffer) => {
      for (const command of reader.push(chunk)) if (!socket.writableEnded) handle(peer, command);
    });
    // A controller that hangs up while something is being written is no failure of the fake.
    socket.on('error', () => undefined);
    socket.on('close', () => peers.delete(peer));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (options.socketPath === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(options.socketPath, resolve);
  });
  const endpoint: StreamAddress =
    options.socketPath === undefined
      ? { kind: 'tcp', host: '127.0.0.1', port: (server.address() as AddressInfo).port }
      : { kind: 'unix', path: options.socketPath };
  const dropConnections = (): void => {
    for (const { socket } of peers) socket.destroy();
  };

  return {
    endpoint,
    configuration,
    received,
    uploads,
    info,
    unavailable,
    hsdirs,
    fetches,
    get connections() {
      return peers.size;
    },
    get subscribed() {
      return new Set([...peers].flatMap((peer) => [...peer.events]));
    },
    misbehave: (keyword, how) => misbehaviours.set(keyword, how),
    stall: () => {
      isStalled = true;
    },
    answerLate: () => {
      isStalled = false;
      for (const answer of late.splice(0)) answer();
    },
    push,
    reload,
    dropConnections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        dropConnections();
      }),
  };
};
