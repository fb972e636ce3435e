import type { Logger } from '../../kernel/logging.js';
import { RbError, errorData } from '../../kernel/errors.js';
import type { CommandLine, Commands } from './commands.js';
import { parseDump } from './dump.js';
import { GUARD_METRIC, parseLink, parseRoutes } from './ip-json.js';
import { guardTableName, guardTableText, isGuardTable } from './guard-table.js';
import type { FoundTunnel, Step } from './plan.js';
import type { UserspaceWireguard } from './userspace.js';
import type { WantedTunnel } from './wanted.js';

export interface DeviceWorld {
  readonly commands: Commands;
  readonly userspace: UserspaceWireguard;
  readonly log: Logger;
}

/** How old and new versions of iproute2 and the kernel say that there is no such kind of interface. */
const NO_KERNEL_WIREGUARD = /unknown device type|not supported/i;

/** What `ip`, `wg` and `nft` do for one tunnel interface. */
export class TunnelDevice {
  readonly #world: DeviceWorld;
  #guardComplaint: string | null = null;

  constructor(world: DeviceWorld) {
    this.#world = world;
  }

  /** @throws RbError wireguard.tool-missing, wireguard.command-hung (of `ip` alone) */
  async observe(wanted: WantedTunnel): Promise<FoundTunnel> {
    const { commands, userspace } = this.#world;
    const { interfaceName, network } = wanted;
    const link = await commands.result(['ip', '-j', '-d', 'addr', 'show', 'dev', interfaceName]);
    const routes = await commands.result(['ip', '-j', '-6', 'route', 'show', 'exact', network]);
    const found = link.code === 0 ? parseLink(link.stdout) : null;
    return {
      link: found,
      device: found === null ? 'unreadable' : await this.#dump(interfaceName),
      routes: parseRoutes(routes.stdout, interfaceName) ?? { throughTunnel: false, unreachable: false },
      guarded: await this.#isGuarded(wanted),
      ownProcess: userspace.running,
    };
  }

  async #dump(interfaceName: string): Promise<FoundTunnel['device']> {
    try {
      const { code, stdout } = await this.#world.commands.result(['wg', 'show', interfaceName, 'dump']);
      return (code === 0 ? parseDump(stdout) : null) ?? 'unreadable';
    } catch (error) {
      if (error instanceof RbError && error.code === 'wireguard.command-hung') return 'hung';
      throw error;
    }
  }

  async #isGuarded({ interfaceName, network }: WantedTunnel): Promise<boolean> {
    try {
      const line: CommandLine = ['nft', 'list', 'table', 'ip6', guardTableName(interfaceName)];
      const { code, stdout } = await this.#world.commands.result(line);
      return code === 0 && isGuardTable(stdout, network);
    } catch {
      // Setting it will say what is wrong.
      return false;
    }
  }

  /**
   * Makes the interface, after whatever is left of it is gone: in the kernel, else by wireguard-go.
   *
   * @throws RbError wireguard.not-permitted, wireguard.command-failed, wireguard.tool-missing, wireguard.userspace-failed
   */
  async build({ interfaceName }: WantedTunnel): Promise<'kernel' | 'userspace'> {
    const { commands, userspace } = this.#world;
    await this.removeInterface(interfaceName);
    const line: CommandLine = ['ip', 'link', 'add', 'dev', interfaceName, 'type', 'wireguard'];
    const added = await commands.result(line);
    if (added.code === 0) return 'kernel';
    if (!NO_KERNEL_WIREGUARD.test(added.stderr)) throw commands.failure(line, added);
    await userspace.start();
    return 'userspace';
  }

  /** @throws RbError as build(); guards that cannot be set are told once and not thrown */
  async apply(step: Step, { interfaceName, network, address }: WantedTunnel): Promise<void> {
    const { commands } = this.#world;
    switch (step.kind) {
      case 'guard-route':
        await commands.must([
          'ip',
          '-6',
          'route',
          'replace',
          'unreachable',
          network,
          'metric',
          String(GUARD_METRIC),
        ]);
        return;
      case 'guard-table':
        await this.#setGuardTable(guardTableText(interfaceName, network));
        return;
      case 'remove-peers':
        await commands.must([
          'wg',
          'set',
          interfaceName,
          ...step.publicKeys.flatMap((key) => ['peer', key, 'remove']),
        ]);
        return;
      case 'configure':
        // `wg` opens its file again by name, which fails for the socket that Node gives as standard input: a pipe does.
        await commands.must(
          ['sh', '-c', 'cat | wg addconf "$1" /dev/stdin', 'wg addconf', interfaceName],
          step.input.reveal(),
        );
        return;
      case 'set-up':
        await commands.must(['ip', 'link', 'set', 'up', 'dev', interfaceName]);
        return;
      case 'add-address':
        // Nobody else can have it: no second must pass while duplicates are looked for.
        await commands.must(['ip', '-6', 'addr', 'replace', `${address}/64`, 'dev', interfaceName, 'nodad']);
        return;
      case 'add-route':
        await commands.must(['ip', '-6', 'route', 'replace', network, 'dev', interfaceName, 'metric', '256']);
        return;
    }
  }

  async #setGuardTable(text: string): Promise<void> {
    try {
      await this.#world.commands.must(['nft', '-f', '-'], Buffer.from(text));
      this.#guardComplaint = null;
    } catch (error) {
      const reason = error instanceof RbError ? error.data.what : String(error);
      if (reason === this.#guardComplaint) return;
      this.#guardComplaint = reason;
      const data = errorData('wireguard.guard-failed', 'wireguard', { reason });
      this.#world.log.warn(data.what, {}, data);
    }
  }

  /** The interface and what serves it; nothing happens when there is none. */
  async removeInterface(interfaceName: string): Promise<void> {
    await this.#world.userspace.end();
    await this.#world.commands.result(['ip', 'link', 'del', 'dev', interfaceName]);
  }

  /** Goes on with what an earlier WgActor of this daemon built; what an earlier daemon left is ended. */
  async adopt(): Promise<void> {
    await this.#world.userspace.adopt();
  }

  /** What protects the tunnel network: removed when the interface is. */
  async removeGuards({ interfaceName, network }: WantedTunnel): Promise<void> {
    const { commands } = this.#world;
    await commands.result([
      'ip',
      '-6',
      'route',
      'del',
      'unreachable',
      network,
      'metric',
      String(GUARD_METRIC),
    ]);
    await commands
      .result(['nft', 'delete', 'table', 'ip6', guardTableName(interfaceName)])
      .catch(() => undefined);
  }
}
