import { existsSync } from 'node:fs';
import { loadNode } from '@rustbalance/actors/kernel/config/load-node.js';
import type { LoadedNode, NodeOutcome } from '@rustbalance/actors/kernel/config/load-node.js';
import { ConfigError } from '@rustbalance/actors/kernel/config/problems.js';
import { errorLine } from '@rustbalance/actors/kernel/errors.js';
import { defineCommand } from '../command.js';
import { configOptions } from '../common-options.js';
import type { ConfigArgs } from '../common-options.js';
import { pathArgument } from '../config-loading.js';
import { Ended } from '../failure.js';
import type { CliWorld } from '../world.js';

interface RunArgs extends ConfigArgs {
  readonly check: boolean;
}

const load = async (args: ConfigArgs, world: CliWorld): Promise<LoadedNode> => {
  const loaded = await loadNode(pathArgument(args.config, world), args.set);
  if (!loaded.ok) throw new ConfigError(loaded.problems);
  for (const warning of loaded.node.warnings) world.complain(`warning: ${errorLine(warning)}\n`);
  return loaded.node;
};

const check = async ({ config }: LoadedNode): Promise<void> => {
  const { actorSpecs } = await import('@rustbalance/supervisor/actor-specs.js');
  const { specProblem } = await import('@rustbalance/supervisor/spec-validation.js');
  const found = specProblem(actorSpecs(config));
  if (found !== null) throw new ConfigError([found]);
};

export const runCommand = defineCommand<RunArgs>({
  summary: 'Runs the daemon of this node in the foreground.',
  explanation: [
    'Logs to standard error. SIGTERM and SIGINT stop it in order: the lease is given back first, then open connections may end within `[proxy] drain_secs`; a second signal ends it at once, whatever it waits for. It ends with 78 when the configuration or a key file cannot be used, and with 70 when an actor failed more often than `[supervisor]` allows, so that the service manager can start it afresh.',
    'SIGHUP reads the configuration again: what can change without a restart does, what cannot is named in the log, and with an error in it the last good one stays. The node stays in its cluster meanwhile, with its lease and its tunnel. Most changes cost clients nothing. Those of `[target]` and `[proxy]`, and of `[join] via_master`, start the proxy anew: requests under way have a second to end, longer ones and raw connections are cut off, and clients that come in the tenths of a second until the next proxy listens are refused. `rustbalance drain --wait` before it and `rustbalance undrain` after it avoid that.',
    'Where `join` has left a pending join and there is no configuration yet, it completes that first, for as long as it takes: it serves nothing until a member has taken this machine in, says how it goes in the log, and then starts as ever. It ends with 78 when the token can never work.',
  ],
  options: {
    check: { kind: 'flag', description: 'Only checks the configuration and the files that it names.' },
    ...configOptions,
  },
  run: async (args, world) => {
    if (!args.check && !existsSync(pathArgument(args.config, world))) {
      // Loaded here, as below: a start after a crash must not wait for it.
      const { joinFirst } = await import('../join/join-first.js');
      await joinFirst(pathArgument(args.config, world), world);
    }
    const node = await load(args, world);
    if (args.check) {
      await check(node);
      world.print('The configuration is good.\n');
      return;
    }
    // Loaded here: threads, pool and logs are of no use to any other command.
    const { runDaemon } = await import('@rustbalance/supervisor/daemon.js');
    const reload = (): Promise<NodeOutcome> => loadNode(pathArgument(args.config, world), args.set);
    const { spareThreads } = world;
    throw new Ended(await runDaemon({ config: node.config, secrets: node.secrets, reload, spareThreads }));
  },
});
