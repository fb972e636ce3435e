import { RbError } from '@rustbalance/actors/kernel/errors.js';
import { parseTargets } from '@rustbalance/actors/kernel/config/target.js';
import { torSocksPort } from '@rustbalance/actors/kernel/config/tor-ports.js';
import { targetConnector } from '@rustbalance/actors/proxy/target/target-connector.js';
import { readConfig } from '../config-loading.js';
import { Steps } from './steps.js';
import { asProxy } from './target-trial.js';
import type { ConnectArgs } from '../commands/debug-connect.js';
import type { CliWorld } from '../world.js';

/** The work of `debug connect`. */
export const runDebugConnect = async (args: ConnectArgs, world: CliWorld): Promise<void> => {
  const config = await readConfig(args, world);
  const targets = parseTargets(config);
  if ('code' in targets) throw new RbError(targets);
  const steps = new Steps(world, args.json);
  for (const [index, target] of targets.entries()) {
    const options = {
      target,
      clock: world.clock,
      connectTimeoutMs: config.target.connect_timeout_secs * 1000,
      isolation: null,
      tlsAuthorities: null,
    };
    const connector = targetConnector(options, target.route === 'onion' ? torSocksPort(config) : null);
    const socket = await steps.run(
      targets.length === 1 ? 'connect' : `connect to target ${String(index + 1)}`,
      () => asProxy(() => connector.connect(world.interrupted)),
      () =>
        [target.route === 'onion' ? 'through Tor' : 'directly', ...(target.tls === null ? [] : ['TLS'])].join(
          ', ',
        ),
      'See whether the target runs.',
    );
    socket.destroy();
  }
  const [{ mode, route, tls }] = targets;
  const output = { target: { mode, route, tls: tls !== null }, steps: steps.done };
  if (args.json) world.print(`${JSON.stringify(output)}\n`);
};
