import { RbError, errorData, rbError } from '../../kernel/errors.js';
import type { CommandOrder, CommandResult } from '../../kernel/host-messages.js';
import type { ActorContext } from '../../kernel/actor.js';

/** Far above what `ip`, `wg` and `nft` need (5–30 ms); a `wg` that asks a stopped wireguard-go hangs for ever. */
export const COMMAND_LIMIT_MS = 2000;
/** The process host kills at the limit: only a main thread that is stuck makes the request itself late. */
const HOST_MARGIN_MS = 3000;

export type RunCommand = (order: CommandOrder) => Promise<CommandResult>;

/** Commands by way of the process host. */
export const hostCommands =
  (context: Pick<ActorContext<'wg'>, 'request'>): RunCommand =>
  (order) =>
    context.request('host.run', order, order.timeLimitMs + HOST_MARGIN_MS);

/** A command by name with its arguments, as an operator would type it. */
export type CommandLine = readonly [program: string, ...args: string[]];

/** `wg` shows a key that it cannot read in its complaint. */
const withoutKeys = (text: string): string => text.replace(/[A-Za-z0-9+/]{42,}=?/g, '…');

const reasonOf = ({ stderr, code }: CommandResult): string => {
  const line = stderr.split('\n').find((candidate) => candidate.trim() !== '');
  return withoutKeys(line ?? `exit code ${String(code)}`)
    .trim()
    .slice(0, 200);
};

const isRefusal = (stderr: string): boolean => /operation not permitted|permission denied/i.test(stderr);

/** Words of a command for messages: what it is about, never what it was given. */
const nameOf = ([program, ...args]: CommandLine): string => [program, ...args.slice(0, 3)].join(' ');

/** Runs `ip`, `wg` and `nft`, each within a time limit. */
export class Commands {
  readonly #run: RunCommand;

  constructor(run: RunCommand) {
    this.#run = run;
  }

  /**
   * Runs it and gives its result, whatever its exit code.
   *
   * @throws RbError wireguard.tool-missing, wireguard.command-hung
   */
  async result(line: CommandLine, input: Uint8Array | null = null): Promise<CommandResult> {
    const [command, ...args] = line;
    const result = await this.#run({ command, args, input, timeLimitMs: COMMAND_LIMIT_MS });
    if (result.ended === 'not-started') {
      throw rbError('wireguard.tool-missing', 'wireguard', { program: command });
    }
    if (result.ended === 'timed-out') {
      throw rbError('wireguard.command-hung', 'wireguard', {
        command: nameOf(line),
        limitMs: COMMAND_LIMIT_MS,
      });
    }
    return result;
  }

  /**
   * Runs it and expects success.
   *
   * @throws RbError as result(), and wireguard.not-permitted, wireguard.command-failed
   */
  async must(line: CommandLine, input: Uint8Array | null = null): Promise<string> {
    const result = await this.result(line, input);
    if (result.code === 0) return result.stdout;
    throw this.failure(line, result);
  }

  failure(line: CommandLine, result: CommandResult): RbError {
    const code = isRefusal(result.stderr) ? 'wireguard.not-permitted' : 'wireguard.command-failed';
    return new RbError(errorData(code, 'wireguard', { command: nameOf(line), reason: reasonOf(result) }));
  }
}
