import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import { errorData, rbError } from '@rustbalance/actors/kernel/errors.js';
import type { ChildOrder, ChildSignal, ChildState } from '@rustbalance/actors/kernel/host-messages.js';
import type { Logger } from '@rustbalance/actors/kernel/logging.js';
import { systemCapabilityDrop } from './capability-drop.js';
import type { CapabilityDrop } from './capability-drop.js';
import { startChild } from './child-process.js';
import type { HostedChild } from './child-process.js';
import { runCommand } from './run-command.js';
import type { ServiceHandlers } from './router.js';

/** Children at a time; the daemon needs a Tor and a WireGuard. */
const MOST_RUNNING = 16;

/** Ended children that are remembered. */
const MOST_REMEMBERED = 32;

/**
 * Spawns every OS process, in the main thread, since a child spawned in a worker outlives it as a zombie of which
 * nobody hears. The actors that ordered a child may die and return: it is theirs again by its id.
 *
 * Only a daemon that ends in order takes its children along. One that is killed by SIGKILL leaves them: Node
 * offers no PR_SET_PDEATHSIG. Under systemd the unit's cgroup ends them; otherwise whoever orders a child sees to
 * it that an orphan ends by itself (Tor: `__OwningControllerProcess`) or is found by its pid file at the next start.
 */
export class ProcessHost {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #changed: (children: readonly ChildState[]) => void;
  readonly #capabilities: CapabilityDrop;
  readonly #children = new Map<string, HostedChild>();
  /** Starts under way: a second order for the same child waits for the first. */
  readonly #starting = new Map<string, Promise<HostedChild>>();
  #stopping = false;
  /** Children of which it was told that they keep the capabilities. */
  readonly #toldOf = new Set<string>();

  /** @param changed is given all children whenever one has started or ended */
  constructor(
    clock: Clock,
    log: Logger,
    changed: (children: readonly ChildState[]) => void,
    capabilities: CapabilityDrop = systemCapabilityDrop(clock),
  ) {
    this.#clock = clock;
    this.#log = log;
    this.#changed = changed;
    this.#capabilities = capabilities;
  }

  readonly handlers: ServiceHandlers<'host'> = {
    'host.spawn': async (order) => (await this.#spawn(order)).state(),
    // Commands run while the host stops too: they are how actors take down what they built.
    'host.run': (order) => runCommand(order, this.#clock),
    'host.signal': ({ id, signal }) => Promise.resolve({ child: this.#signal(id, signal) }),
  };

  children(): readonly ChildState[] {
    return [...this.#children.values()].map((child) => child.state());
  }

  /** Ends all children: SIGTERM, and SIGKILL for those that live on after the deadline. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    await Promise.allSettled(this.#starting.values());
    const running = [...this.#children.values()].filter((child) => child.running());
    for (const child of running) child.signal('SIGTERM');
    const late = new Promise<'late'>((resolve) => {
      const cancel = this.#clock.after(deadlineMs, () => {
        resolve('late');
      });
      void Promise.all(running.map(({ ended }) => ended)).then(cancel);
    });
    const allEnded = Promise.all(running.map(({ ended }) => ended));
    if ((await Promise.race([allEnded, late])) !== 'late') return;
    for (const child of running.filter((other) => other.running())) {
      this.#log.warn('a child process did not end when asked; it is killed', { child: child.state().id });
      child.signal('SIGKILL');
    }
    await allEnded;
  }

  /** The last step of a forced end: nothing is waited for. */
  killAll(): void {
    this.#stopping = true;
    for (const child of this.#children.values()) child.signal('SIGKILL');
  }

  async #spawn(order: ChildOrder): Promise<HostedChild> {
    const { id } = order;
    const existing = this.#children.get(id);
    if (existing?.running() === true) return existing;
    const under = this.#starting.get(id);
    if (under !== undefined) return under;
    if (this.#stopping) throw rbError('host.stopping', 'host', { id });
    const running = [...this.#children.values()].filter((child) => child.running()).length;
    if (running + this.#starting.size >= MOST_RUNNING) {
      throw rbError('host.too-many-children', 'host', { id, limit: MOST_RUNNING });
    }
    const starting = this.#start(order);
    this.#starting.set(id, starting);
    try {
      const child = await starting;
      this.#adopt(id, child);
      return child;
    } finally {
      this.#starting.delete(id);
    }
  }

  async #start(order: ChildOrder): Promise<HostedChild> {
    const asked = order.dropCapabilities ? await this.#withoutCapabilities(order) : order;
    return startChild(asked, () => this.#clock.wallMs());
  }

  async #withoutCapabilities(order: ChildOrder): Promise<ChildOrder> {
    const { command, args, keptBecause } = await this.#capabilities.of(order);
    if (keptBecause !== null && !this.#toldOf.has(order.id)) {
      this.#toldOf.add(order.id);
      const error = errorData('host.capabilities-kept', 'host', { program: order.id, reason: keptBecause });
      this.#log.error('a child process has more rights than it needs', { child: order.id }, error);
    }
    return { ...order, command, args };
  }

  #adopt(id: string, child: HostedChild): void {
    // Set anew, so that the order of the map is the order of the starts.
    this.#children.delete(id);
    this.#children.set(id, child);
    this.#forgetOldest();
    if (this.#stopping) child.signal('SIGKILL');
    this.#log.info('child process started', { child: id, pid: child.state().pid });
    this.#changed(this.children());
    void child.ended.then(() => {
      const { exited } = child.state();
      const fields = { child: id, code: exited?.code ?? null, signal: exited?.signal ?? null };
      this.#log.info('child process ended', fields);
      this.#changed(this.children());
    });
  }

  #forgetOldest(): void {
    for (const [id, child] of this.#children) {
      if (this.#children.size <= MOST_REMEMBERED) return;
      if (!child.running()) this.#children.delete(id);
    }
  }

  #signal(id: string, signal: ChildSignal): ChildState | null {
    const child = this.#children.get(id);
    if (child === undefined || !child.signal(signal)) return null;
    return child.state();
  }
}
