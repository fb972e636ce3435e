import { spawn, type ChildProcess } from 'node:child_process';
import { isDeepStrictEqual } from 'node:util';
import { run } from '@rustbalance/crypto-worker/pool.js';
import type { TaskCall } from '@rustbalance/crypto-worker/tasks.js';
import type { ActorContext, RunningActor } from '@rustbalance/actors/kernel/actor.js';
import { systemClock, type Clock } from '@rustbalance/actors/kernel/clock.js';
import { configSchema, type Config } from '@rustbalance/actors/kernel/config/schema.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';
import type {
  ChildOrder,
  ChildSignal,
  ChildState,
  CommandOrder,
  CommandResult,
} from '@rustbalance/actors/kernel/host-messages.js';
import { makeLogger, type LogRecord } from '@rustbalance/actors/kernel/logging.js';
import type { FactName, Owned, Payload } from '@rustbalance/actors/kernel/messages.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import type { UploadAnswer } from '@rustbalance/actors/tor/messages.js';
import { torActor } from '@rustbalance/actors/tor/actor.js';

/** A configuration with defaults for all that a test does not name. */
export const testConfig = (sections: Record<string, Record<string, unknown>>): Config =>
  configSchema.parse({
    node: { id: 'a', ...sections['node'] },
    master: { onion_address: `${'a'.repeat(55)}d.onion`, ...sections['master'] },
    ...Object.fromEntries(Object.entries(sections).filter(([name]) => name !== 'node' && name !== 'master')),
  });

/** A process host in this process: what the main thread's does, as far as the Tor actor needs it. */
export class TestProcessHost {
  readonly #running = new Map<string, ChildProcess>();
  readonly #states = new Map<string, ChildState>();
  readonly #lines = new Map<string, string[]>();
  /** Called at every change. */
  onChange: (children: readonly ChildState[]) => void = () => undefined;
  /** Every order, for assertions. */
  readonly orders: ChildOrder[] = [];
  /** How a short command ends; none is there unless a test says so. */
  onCommand: (order: CommandOrder) => CommandResult = () => ({
    ended: 'not-started',
    code: null,
    stdout: '',
    stderr: '',
  });

  get children(): readonly ChildState[] {
    return [...this.#states.values()];
  }

  async spawn(order: ChildOrder): Promise<ChildState> {
    const known = this.#states.get(order.id);
    if (known !== undefined && known.exited === null) return known;
    this.orders.push(order);
    const child = spawn(order.command, [...order.args], {
      env: { ...order.env },
      cwd: order.cwd ?? '/',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines: string[] = [];
    this.#lines.set(order.id, lines);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        lines.push(...text.split('\n').filter((line) => line !== ''));
        lines.splice(0, Math.max(0, lines.length - 20));
      });
    }
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    const state: ChildState = {
      id: order.id,
      pid: child.pid ?? 0,
      startedAtMs: Date.now(),
      exited: null,
      lastLines: [],
    };
    this.#running.set(order.id, child);
    this.#states.set(order.id, state);
    child.once('close', (code, signal) => {
      this.#states.set(order.id, {
        ...state,
        exited: { code, signal, atMs: Date.now() },
        lastLines: [...lines],
      });
      this.onChange(this.children);
    });
    this.onChange(this.children);
    return state;
  }

  signal(id: string, signal: ChildSignal | 'SIGSTOP'): ChildState | null {
    const state = this.#states.get(id);
    if (state === undefined || state.exited !== null) return null;
    this.#running.get(id)?.kill(signal);
    return state;
  }

  /** Lets go of a child as a host that was killed does: it runs on, and this host knows nothing of it. */
  forget(id: string): number {
    const pid = this.#states.get(id)?.pid ?? 0;
    this.#states.delete(id);
    this.#running.get(id)?.removeAllListeners('close');
    this.#running.delete(id);
    return pid;
  }

  async stop(): Promise<void> {
    const running = [...this.#states.values()].filter(({ exited }) => exited === null);
    await Promise.all(
      running.map(async ({ id }) => {
        const child = this.#running.get(id);
        const ended = new Promise((resolve) => child?.once('close', resolve));
        child?.kill('SIGKILL');
        await ended;
      }),
    );
  }
}

/** A fact as it was published, with when (monotonic and wall ms). */
export interface PublishedFact<N extends FactName> {
  readonly payload: Payload<N>;
  readonly atMs: number;
  readonly wallMs: number;
}

export interface TorActorHarness {
  readonly actor: RunningActor<'tor'>;
  readonly host: TestProcessHost;
  readonly logs: readonly LogRecord[];
  readonly answers: readonly UploadAnswer[];
  fact<N extends Owned<'tor', FactName>>(name: N): Payload<N> | undefined;
  history<N extends Owned<'tor', FactName>>(name: N): readonly PublishedFact<N>[];
  stop(): Promise<void>;
}

export interface HarnessOptions {
  readonly config: Config;
  readonly host?: TestProcessHost;
  readonly password?: string;
  readonly nodeKey?: Uint8Array;
  readonly clock?: Clock;
  readonly log?: (record: LogRecord) => void;
  readonly onFact?: (name: string, payload: unknown) => void;
  readonly onAnswer?: (answer: UploadAnswer) => void;
}

/** Runs the Tor actor in this thread, with the pool's tasks called in place. */
export const startTorActor = async (options: HarnessOptions): Promise<TorActorHarness> => {
  const clock = options.clock ?? systemClock;
  const host = options.host ?? new TestProcessHost();
  const logs: LogRecord[] = [];
  const answers: UploadAnswer[] = [];
  const facts = new Map<string, PublishedFact<FactName>[]>();
  const context: ActorContext<'tor'> = {
    name: 'tor',
    generation: 1,
    config: options.config,
    secrets: {
      masterKey: null,
      nodeKey: options.nodeKey === undefined ? null : new Secret(options.nodeKey),
      clusterToken: null,
      wireguardKey: null,
      controlPassword: options.password === undefined ? null : new Secret(Buffer.from(options.password)),
    },
    clock,
    random: systemRandom,
    log: makeLogger(
      'tor',
      () => clock.wallMs(),
      (record) => {
        logs.push(record);
        options.log?.(record);
      },
    ),
    publish: (name, payload) => {
      const history = facts.get(name) ?? [];
      if (history.length > 0 && isDeepStrictEqual(history.at(-1)?.payload, payload)) return;
      // Facts cross threads by structured clone.
      const clone = structuredClone(payload);
      history.push({ payload: clone, atMs: performance.now(), wallMs: Date.now() });
      facts.set(name, history);
      options.onFact?.(name, clone);
    },
    signal: (_name, payload) => {
      answers.push(payload);
      options.onAnswer?.(payload);
    },
    order: () => undefined,
    request: async (name, payload) => {
      if (name === 'host.spawn') return (await host.spawn(payload as ChildOrder)) as never;
      if (name === 'host.signal') {
        const { id, signal } = payload as { id: string; signal: ChildSignal };
        return { child: host.signal(id, signal) } as never;
      }
      if (name === 'host.run') return host.onCommand(payload as CommandOrder) as never;
      throw rbError('message.unknown', 'test', { name });
    },
    crypto: async (task, input) => {
      // Across a thread's border, as in the daemon.
      await new Promise((resolve) => setImmediate(resolve));
      return structuredClone(run(structuredClone({ task, input }) as TaskCall)) as never;
    },
  };
  const actor = await torActor.start(context);
  host.onChange = (children) => {
    actor.handlers['host.children']?.({ children });
  };
  host.onChange(host.children);
  return {
    actor,
    host,
    logs,
    answers,
    fact: (name) => facts.get(name)?.at(-1)?.payload as never,
    history: (name) => (facts.get(name) ?? []) as never,
    stop: async () => {
      await actor.stop(1000, 'shutdown');
      host.onChange = () => undefined;
    },
  };
};
