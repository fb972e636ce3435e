import { RbError } from '@rustbalance/actors/kernel/errors.js';
import { parseTarget } from '@rustbalance/actors/proxy/target/target.js';
import { targetConnector } from '@rustbalance/actors/proxy/target/target-connector.js';
import { defineCommand } from '../command.js';
import { configOptions, jsonOption } from '../common-options.js';
import type { ConfigArgs, JsonArgs } from '../common-options.js';
import { readConfig } from '../config-loading.js';
import { socksPort } from '../debug/socks-port.js';
import { Steps } from '../debug/steps.js';
import { asProxy } from '../debug/target-trial.js';

type ConnectArgs = ConfigArgs & JsonArgs;

export const debugConnectCommand = defineCommand<ConnectArgs>({
  words: ['debug', 'connect'],
  summary: 'Connects to the target as the proxy would.',
  explanation: [
    "Directly, or through Tor's SOCKS port for an onion target, and with TLS where the target has it. The error says which of these failed. For an onion target this node's Tor must run.",
    '`--json` prints `target` (`mode`, `route`, `tls`) and `steps` (`step`, `ms`, `detail`).',
  ],
  options: { ...configOptions, ...jsonOption },
  run: async (args, world) => {
    const config = await readConfig(args, world);
    const target = parseTarget(config);
    if ('code' in target) throw new RbError(target);
    const steps = new Steps(world, args.json);
    const options = {
      target,
      clock: world.clock,
      connectTimeoutMs: config.target.connect_timeout_secs * 1000,
      isolation: null,
      tlsAuthorities: null,
    };
    const connector = targetConnector(options, target.route === 'onion' ? socksPort(config) : null);
    const socket = await steps.run(
      'connect',
      () => asProxy(() => connector.connect(world.interrupted)),
      () =>
        [target.route === 'onion' ? 'through Tor' : 'directly', ...(target.tls === null ? [] : ['TLS'])].join(
          ', ',
        ),
      'See whether the target runs.',
    );
    socket.destroy();
    const output = {
      target: { mode: target.mode, route: target.route, tls: target.tls !== null },
      steps: steps.done,
    };
    if (args.json) world.print(`${JSON.stringify(output)}\n`);
  },
});
