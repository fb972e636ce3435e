import { rbError } from '@rustbalance/actors/kernel/errors.js';
import { runCommand } from '../commands/run.js';
import { DEFAULT_CONFIG } from '../common-options.js';
import type { CliWorld } from '../world.js';

const SYSTEMCTL = ['systemctl', 'enable', '--now', 'rustbalance'] as const;
const UNIT = 'rustbalance.service';

/** Whether systemd would do it for us, and start this node: the unit names no configuration, so it is the usual one. */
const canStartUnit = (configPath: string, world: CliWorld): boolean =>
  configPath === DEFAULT_CONFIG && world.isRoot() && world.hasUnit(UNIT);

/** The node is made by now: that it does not start is a failure all the same, for whoever asked for it to run. */
const startUnit = async (world: CliWorld): Promise<void> => {
  const [program, ...args] = SYSTEMCTL;
  // It ends when the actors are ready, or have failed to be.
  world.print(`${SYSTEMCTL.join(' ')} …\n`);
  const code = await world.runAttached(program, args);
  if (code !== 0) {
    const reason = code === null ? 'systemctl did not end by itself' : `systemctl ended with ${String(code)}`;
    throw rbError('init.start-failed', UNIT, { reason });
  }
  world.print('This node runs: rustbalance status says how it is.\n');
};

/**
 * How the new node is started. Where systemd runs, it keeps the daemon and restarts it: with somebody there to ask it is told
 * to, else its command is said. Elsewhere the daemon may start here and now, in the foreground.
 *
 * @param mayAsk false with --yes: nothing starts unasked
 */
export const offerStart = async (configPath: string, mayAsk: boolean, world: CliWorld): Promise<void> => {
  const byHand = `rustbalance run --config ${configPath}`;
  if (world.hasSystemd()) {
    if (mayAsk && canStartUnit(configPath, world) && (await world.confirm('Start it now?', true)) === true) {
      await startUnit(world);
      return;
    }
    world.print(
      `Start this node: ${SYSTEMCTL.join(' ')} (its unit is in the README), or by hand: ${byHand}\n`,
    );
    return;
  }
  if (!mayAsk || (await world.confirm('Start it now, in the foreground?')) !== true) {
    world.print(`Start this node: ${byHand}\n`);
    return;
  }
  await runCommand(['run']).run({ config: configPath }, world);
};
