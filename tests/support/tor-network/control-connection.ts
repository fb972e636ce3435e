import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { within } from '../eventually.js';
import { dataBlock, messageReader, type ControlMessage } from './control-lines.js';

const REPLY_DEADLINE_MS = 20_000;
const EVENT_STATUS = 650;

/** Tor refused a command. */
export class ControlRefusedError extends Error {
  readonly status: number;

  constructor(command: string, reply: ControlMessage) {
    super(`Tor answered ${command}: ${String(reply.status)} ${reply.lines.at(-1)?.text ?? ''}`);
    this.name = 'ControlRefusedError';
    this.status = reply.status;
  }
}

/** An asynchronous event: its keyword, the rest of its first line, and its data block where it has one. */
export interface ControlEvent {
  readonly keyword: string;
  readonly text: string;
  readonly data?: string;
}

/**
 * A control connection of the harness's own: what it observes must not depend on the daemon's control client,
 * which is under test.
 */
export interface ControlConnection {
  /** Sends one command, with a data block when `data` is given. @throws ControlRefusedError unless Tor says 25x. */
  command(line: string, data?: string): Promise<ControlMessage>;
  /** The value of one GETINFO key. */
  getInfo(key: string): Promise<string>;
  /** Subscribes to events beside those already wanted (SETEVENTS). */
  subscribe(...events: readonly string[]): Promise<void>;
  /** Calls `listener` with every event from now on; the returned function ends that. */
  onEvent(listener: (event: ControlEvent) => void): () => void;
  /** Gives the first event, from now on, of which `pick` makes something. */
  nextEvent<T>(what: string, timeoutMs: number, pick: (event: ControlEvent) => T | undefined): Promise<T>;
  readonly isOpen: boolean;
  close(): void;
}

interface Waiting {
  readonly resolve: (reply: ControlMessage) => void;
  readonly reject: (error: Error) => void;
}

const eventOf = (message: ControlMessage): ControlEvent => {
  const [first] = message.lines;
  const text = first?.text ?? '';
  const space = text.indexOf(' ');
  const named =
    space < 0 ? { keyword: text, text: '' } : { keyword: text.slice(0, space), text: text.slice(space + 1) };
  return first?.data === undefined ? named : { ...named, data: first.data };
};

const keywordOf = (line: string): string => line.split(' ', 2).join(' ').slice(0, 60);

class Connection implements ControlConnection {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  readonly #listeners = new Set<(event: ControlEvent) => void>();
  readonly #subscribed = new Set<string>();
  #open = true;

  constructor(socket: Socket) {
    this.#socket = socket;
    const reader = messageReader();
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      for (const message of reader.push(chunk)) this.#take(message);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#open = false;
      for (const waiting of this.#waiting.splice(0))
        waiting.reject(new Error('the control connection was closed'));
    });
  }

  get isOpen(): boolean {
    return this.#open;
  }

  #take(message: ControlMessage): void {
    if (message.status !== EVENT_STATUS) {
      this.#waiting.shift()?.resolve(message);
      return;
    }
    const event = eventOf(message);
    for (const listener of [...this.#listeners]) listener(event);
  }

  async command(line: string, data?: string): Promise<ControlMessage> {
    if (!this.#open) throw new Error('the control connection is closed');
    const replied = new Promise<ControlMessage>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
    this.#socket.write(data === undefined ? `${line}\r\n` : `+${line}\r\n${dataBlock(data)}\r\n`);
    const reply = await within(REPLY_DEADLINE_MS, `an answer to ${keywordOf(line)}`, replied);
    if (reply.status < 250 || reply.status > 252) throw new ControlRefusedError(keywordOf(line), reply);
    return reply;
  }

  async getInfo(key: string): Promise<string> {
    const { lines } = await this.command(`GETINFO ${key}`);
    const [answer] = lines;
    if (answer?.text.startsWith(`${key}=`) !== true)
      throw new Error(`Tor answered GETINFO ${key} with something else`);
    return answer.data ?? answer.text.slice(key.length + 1);
  }

  async subscribe(...events: readonly string[]): Promise<void> {
    for (const event of events) this.#subscribed.add(event);
    await this.command(`SETEVENTS ${[...this.#subscribed].join(' ')}`);
  }

  onEvent(listener: (event: ControlEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async nextEvent<T>(
    what: string,
    timeoutMs: number,
    pick: (event: ControlEvent) => T | undefined,
  ): Promise<T> {
    let stop = (): void => undefined;
    const picked = new Promise<T>((resolve) => {
      stop = this.onEvent((event) => {
        const found = pick(event);
        if (found !== undefined) resolve(found);
      });
    });
    try {
      return await within(timeoutMs, what, picked);
    } finally {
      stop();
    }
  }

  close(): void {
    this.#open = false;
    this.#socket.destroy();
  }
}

/**
 * Opens and authenticates a control connection with Tor's cookie.
 *
 * @throws when nobody listens yet, the cookie is not there yet, or Tor refuses it
 */
export const connectControl = async (socketPath: string, cookiePath: string): Promise<ControlConnection> => {
  const socket = connect(socketPath);
  const opened = once(socket, 'connect');
  await opened;
  const control = new Connection(socket);
  try {
    const cookie = await readFile(cookiePath);
    await control.command(`AUTHENTICATE ${cookie.toString('hex')}`);
    return control;
  } catch (error) {
    control.close();
    throw error;
  }
};
