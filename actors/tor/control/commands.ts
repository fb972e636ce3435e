import type {
  Curve25519SecretKey,
  OnionAddress,
  RelayFingerprint,
} from '@rustbalance/crypto-worker/brands.js';
import { RbError, rbError } from '../../kernel/errors.js';
import {
  clientAuthAddLine,
  clientAuthRemoveLine,
  closeCircuitLine,
  confLine,
  getConfLine,
  getInfoLine,
  hsFetchLine,
  hsPostLine,
  serviceDescriptorKey,
  setEventsLine,
  signalLine,
  type CommandLine,
  type TorSignal,
} from './command-lines.js';
import { parseConfLine, type ConfLine } from './conf-line.js';
import type { ControlConnection, SendOptions } from './connection.js';
import type { EventName } from './events.js';
import { infoValues, type InfoValues } from './info-values.js';
import { replyError } from './reply-errors.js';
import type { ControlMessage } from './reply-parser.js';

export interface HsPost {
  /** The HSDirs to upload to: at least one, at most 64. */
  readonly servers: readonly RelayFingerprint[];
  readonly address: OnionAddress;
  /** The outer document with LF or CRLF line ends. */
  readonly descriptor: string | Uint8Array;
}

export interface HsFetch {
  readonly address: OnionAddress;
  /** The HSDirs to ask, each with its own answer; empty: Tor asks as a client would. */
  readonly servers: readonly RelayFingerprint[];
}

/**
 * The commands that RustBalance gives to Tor. Each rejects with an RbError: control.bad-argument before anything is
 * sent, a code of reply-errors.ts for Tor's refusal, or what ended the connection.
 */
export interface TorCommands {
  /** All keys or none: one that Tor does not know fails the whole command. */
  getInfo(keys: readonly string[]): Promise<InfoValues>;
  /** Lines in Tor's order; a null value where the option is not set. */
  getConf(keys: readonly string[]): Promise<readonly ConfLine[]>;
  /** All or nothing. Naming one HiddenServiceDir replaces all onion services of that Tor. */
  setConf(lines: readonly ConfLine[]): Promise<void>;
  resetConf(lines: readonly ConfLine[]): Promise<void>;
  /** Replaces the connection's subscriptions. */
  setEvents(events: readonly EventName[]): Promise<void>;
  /** SHUTDOWN and HALT succeed also when Tor closes the connection instead of answering (control-spec §3.7). */
  signal(signal: TorSignal): Promise<void>;
  /** Starts uploads; the results come as HS_DESC UPLOADED or FAILED, or not at all when a circuit breaks. */
  hsPost(upload: HsPost): Promise<void>;
  /** Starts fetches; the results come as HS_DESC and HS_DESC_CONTENT. */
  hsFetch(fetch: HsFetch): Promise<void>;
  /** Lets this Tor reach an onion service that asks for client authorization; an earlier key is replaced. */
  clientAuthAdd(address: OnionAddress, secret: Curve25519SecretKey): Promise<void>;
  /** Succeeds also where there is no key. */
  clientAuthRemove(address: OnionAddress): Promise<void>;
  /** Refused for a circuit that is there no more. */
  closeCircuit(id: string): Promise<void>;
  /** What an onion service of this Tor publishes for its current period; null while there is no descriptor. */
  serviceDescriptor(address: OnionAddress): Promise<Uint8Array | null>;
}

const bytesOf = (document: string | Uint8Array): Uint8Array =>
  typeof document === 'string' ? Buffer.from(document, 'latin1') : document;

const isLost = (error: unknown): boolean => error instanceof RbError && error.code === 'control.closed';

/** The typed commands over one authenticated connection. */
export const torCommands = (connection: ControlConnection): TorCommands => {
  const { where } = connection;

  const run = async (command: string, built: CommandLine, options?: SendOptions): Promise<ControlMessage> => {
    if (!built.ok) throw rbError('control.bad-argument', where, { command, problem: built.problem });
    const reply = await connection.send(built.line, options);
    if (reply.status < 200 || reply.status > 299) throw replyError(command, reply, where);
    return reply;
  };

  const getInfo = async (keys: readonly string[]): Promise<InfoValues> => {
    const values = infoValues(await run('GETINFO', getInfoLine(keys)), keys);
    if (values === null) {
      // It answered something else: from here on no reply can be told to belong to its command.
      connection.close('a reply did not belong to its command');
      throw rbError('control.protocol', where, { violation: 'getinfo-reply-mismatch' });
    }
    return values;
  };

  return {
    getInfo,
    getConf: async (keys) =>
      (await run('GETCONF', getConfLine(keys))).lines.map(({ text }) => parseConfLine(text)),
    setConf: async (lines) => {
      await run('SETCONF', confLine('SETCONF', lines));
    },
    resetConf: async (lines) => {
      await run('RESETCONF', confLine('RESETCONF', lines));
    },
    setEvents: async (events) => {
      await run('SETEVENTS', setEventsLine(events));
    },
    signal: async (signal) => {
      try {
        await run('SIGNAL', { ok: true, line: signalLine(signal) });
      } catch (error) {
        if (!isLost(error) || (signal !== 'SHUTDOWN' && signal !== 'HALT')) throw error;
      }
    },
    hsPost: async ({ servers, address, descriptor }) => {
      await run('HSPOST', hsPostLine(servers, address), { data: bytesOf(descriptor) });
    },
    hsFetch: async ({ servers, address }) => {
      await run('HSFETCH', hsFetchLine(servers, address));
    },
    clientAuthAdd: async (address, secret) => {
      await run('ONION_CLIENT_AUTH_ADD', clientAuthAddLine(address, secret));
    },
    clientAuthRemove: async (address) => {
      await run('ONION_CLIENT_AUTH_REMOVE', clientAuthRemoveLine(address));
    },
    closeCircuit: async (id) => {
      await run('CLOSECIRCUIT', closeCircuitLine(id));
    },
    serviceDescriptor: async (address) => {
      const key = serviceDescriptorKey(address);
      if (key === null)
        throw rbError('control.bad-argument', where, {
          command: 'GETINFO',
          problem: 'the onion address is not 56 base32 characters',
        });
      try {
        return (await getInfo([key])).get(key)?.bytes() ?? null;
      } catch (error) {
        // Tor says 551 "Not found in cache" until the service has built a descriptor.
        if (error instanceof RbError && error.code === 'control.not-available') return null;
        throw error;
      }
    },
  };
};
