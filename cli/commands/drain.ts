import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';
import { askDaemon } from '@rustbalance/supervisor/control-client.js';
import { LONGEST_DRAIN_SECS } from '@rustbalance/supervisor/control-protocol.js';
import { defineCommand } from '../command.js';
import { configOptions, jsonOption } from '../common-options.js';
import type { ConfigArgs, JsonArgs } from '../common-options.js';
import { readConfig } from '../config-loading.js';
import { drainText } from '../views/status-text.js';
import { pause } from '../watch.js';
import type { CliWorld } from '../world.js';

interface DrainArgs extends ConfigArgs, JsonArgs {
  readonly timeout: number;
  readonly wait: boolean;
}

const DEFAULT_TIMEOUT_SECS = 600;
const LOOK_EVERY_MS = 500;

/** Looks until the drain has ended, and says on standard error how far it is. */
const awaitDrained = async (socket: string, world: CliWorld, quiet: boolean): Promise<void> => {
  const stopped = world.interrupted;
  let told = '';
  while (!stopped.aborted) {
    const { node, drain, drain_failed: failed } = await askDaemon(socket, { command: 'status' });
    if (node.draining === 'drained') return;
    if (failed) throw rbError('drain.not-left-out', 'drain');
    if (drain === null) throw rbError('drain.ended', 'drain');
    const text = drainText(drain);
    if (text !== told && !quiet) world.complain(`${text}\n`);
    told = text;
    await pause(world, stopped, LOOK_EVERY_MS);
  }
  throw rbError('drain.not-awaited', 'drain');
};

export const drainCommand = defineCommand<DrainArgs>({
  summary: 'Takes the running node out of service without anybody noticing.',
  explanation: [
    'Another node becomes publisher, this node’s introduction points leave the descriptor, and once no HSDir has them any more its circuits are closed, each in a pause of its client. Then it is drained: it still is a member, and can be stopped. docs/rolling-upgrade.md shows how to upgrade or replace nodes one by one.',
    'A restart of the daemon brings the node back into service, as `undrain` does. The only node that serves cannot be drained.',
    '`--json` prints `draining`: `draining`, or `drained` at the end of `--wait`.',
  ],
  options: {
    timeout: {
      kind: 'number',
      presence: 'default',
      fallback: DEFAULT_TIMEOUT_SECS,
      minimum: 1,
      maximum: LONGEST_DRAIN_SECS,
      metavar: 'SECONDS',
      description: 'After so long circuits are closed that never paused.',
    },
    wait: { kind: 'flag', description: 'Returns when the node is drained, and says how far it is.' },
    ...configOptions,
    ...jsonOption,
  },
  run: async (args, world) => {
    const { daemonSocket } = nodePaths(await readConfig(args, world));
    let answer = await askDaemon(daemonSocket, { command: 'drain', on: true, timeoutSecs: args.timeout });
    if (args.wait) {
      await awaitDrained(daemonSocket, world, args.json);
      answer = { draining: 'drained' };
    }
    world.print(args.json ? `${JSON.stringify(answer)}\n` : `This node is ${answer.draining}.\n`);
  },
});

type UndrainArgs = ConfigArgs & JsonArgs;

export const undrainCommand = defineCommand<UndrainArgs>({
  summary: 'Brings a drained or draining node back into service.',
  explanation: ['`--json` prints `draining`: `no`.'],
  options: { ...configOptions, ...jsonOption },
  run: async (args, world) => {
    const { daemonSocket } = nodePaths(await readConfig(args, world));
    const answer = await askDaemon(daemonSocket, {
      command: 'drain',
      on: false,
      timeoutSecs: DEFAULT_TIMEOUT_SECS,
    });
    world.print(args.json ? `${JSON.stringify(answer)}\n` : 'This node is in service.\n');
  },
});
