import type { ActorContext } from '../kernel/actor.js';
import { errorData, RbError, type ErrorData } from '../kernel/errors.js';
import type { CommandOrder, CommandResult } from '../kernel/host-messages.js';
import type { Logger } from '../kernel/logging.js';

/** Units that may run a system's Tor, in the order in which they are tried: ours, Debian's instance, and any other. */
const UNITS = ['rustbalance-tor.service', 'tor@default.service', 'tor.service'] as const;

/** `systemctl` asks PID 1 and answers within 0.1 s; a restart is queued and not waited for. */
const COMMAND_LIMIT_MS = 10_000;

/** Unit files that somebody turned off on purpose. */
const TURNED_OFF: ReadonlySet<string> = new Set(['disabled', 'masked', 'masked-runtime']);

/** The blocks that `systemctl show` writes, one a unit, as properties. */
const blocksOf = (output: string): readonly ReadonlyMap<string, string>[] =>
  output.split(/\n\s*\n/).map(
    (block) =>
      new Map(
        block.split('\n').flatMap((line) => {
          const at = line.indexOf('=');
          return at === -1 ? [] : [[line.slice(0, at), line.slice(at + 1).trim()] as const];
        }),
      ),
  );

/** The first unit that is there and not turned off, from `systemctl show --property=Id,LoadState,UnitFileState`. */
export const unitOf = (output: string): string | null => {
  const usable = new Set(
    blocksOf(output).flatMap((unit) =>
      unit.get('LoadState') === 'loaded' && !TURNED_OFF.has(unit.get('UnitFileState') ?? '')
        ? [unit.get('Id') ?? '']
        : [],
    ),
  );
  return UNITS.find((unit) => usable.has(unit)) ?? null;
};

const reasonOf = ({ ended, stderr, code }: CommandResult): string => {
  if (ended === 'not-started') return 'there is no systemctl';
  if (ended === 'timed-out') return 'systemctl did not answer';
  return (stderr.split('\n').find((line) => line.trim() !== '') ?? `exit code ${String(code)}`)
    .trim()
    .slice(0, 200);
};

export interface SystemUnitEffects {
  readonly log: Logger;
  run(order: CommandOrder): Promise<CommandResult>;
}

/** The unit of a Tor that systemd runs: restarts it, with the operator's consent. */
export class SystemUnit {
  readonly #effects: SystemUnitEffects;

  constructor(effects: SystemUnitEffects) {
    this.#effects = effects;
  }

  /**
   * @param isHung it takes no SIGTERM: systemd would wait for TimeoutStopSec
   * @throws RbError tor.unit-not-restarted
   */
  async restart(isHung: boolean, why: ErrorData | null): Promise<void> {
    const shown = await this.#systemctl('show', '--property=Id,LoadState,UnitFileState', ...UNITS);
    const unit = shown.code === 0 ? unitOf(shown.stdout) : null;
    if (unit === null) {
      const reason = shown.code === 0 ? `there is none of ${UNITS.join(', ')}` : reasonOf(shown);
      throw new RbError(errorData('tor.unit-not-restarted', 'systemd', { reason }));
    }
    this.#effects.log.warn('restarting the Tor of this system', { unit, hung: isHung }, why ?? undefined);
    if (isHung) await this.#systemctl('kill', '--signal=SIGKILL', unit);
    // One that systemd has given up is started no more until its failures are forgotten.
    await this.#systemctl('reset-failed', unit);
    const restarted = await this.#systemctl('--no-block', 'restart', unit);
    if (restarted.code === 0) return;
    throw new RbError(errorData('tor.unit-not-restarted', unit, { reason: reasonOf(restarted) }));
  }

  #systemctl(...args: readonly string[]): Promise<CommandResult> {
    return this.#effects.run({ command: 'systemctl', args, input: null, timeLimitMs: COMMAND_LIMIT_MS });
  }
}

/** By way of the process host, which kills a systemctl that hangs: only a stuck main thread makes the request itself late. */
const HOST_MARGIN_MS = 3_000;

export const systemUnit = (context: Pick<ActorContext<'tor'>, 'request' | 'log'>): SystemUnit =>
  new SystemUnit({
    log: context.log,
    run: (order) => context.request('host.run', order, order.timeLimitMs + HOST_MARGIN_MS),
  });
