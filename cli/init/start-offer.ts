import { runCommand } from '../commands/run.js';
import type { CliWorld } from '../world.js';

/**
 * How the new node is started. Where systemd runs, it keeps the daemon and restarts it, so its command is only said; elsewhere,
 * with somebody there to ask, the daemon may start here and now in the foreground.
 *
 * @param mayAsk false with --yes
 */
export const offerStart = async (configPath: string, mayAsk: boolean, world: CliWorld): Promise<void> => {
  const byHand = `rustbalance run --config ${configPath}`;
  if (world.hasSystemd()) {
    world.print(
      `Start this node: systemctl enable --now rustbalance (its unit is in the README), or by hand: ${byHand}\n`,
    );
    return;
  }
  if (!mayAsk || (await world.confirm('Start it now, in the foreground?')) !== true) {
    world.print(`Start this node: ${byHand}\n`);
    return;
  }
  await runCommand(['run']).run({ config: configPath }, world);
};
