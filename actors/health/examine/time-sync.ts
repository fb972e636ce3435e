import { access } from 'node:fs/promises';
import type { ActorContext } from '../../kernel/actor.js';
import type { CommandOrder } from '../../kernel/host-messages.js';

export interface TimeSync {
  readonly state: 'synchronised' | 'unsynchronised' | 'unknown';
  /** Who says so. */
  readonly source: string;
}

/** systemd-timesyncd makes it at its first synchronisation since boot. */
const TIMESYNCD_MARK = '/run/systemd/timesync/synchronized';

const COMMAND_LIMIT_MS = 3000;
const DEADLINE_MS = 5000;

type RunCommand = (command: string, args: readonly string[]) => Promise<string | null>;

/** Commands by the process host; null for one that is not there, fails or hangs. */
export const commandsBy =
  (context: Pick<ActorContext<'health'>, 'request'>): RunCommand =>
  async (command, args) => {
    const order: CommandOrder = { command, args, input: null, timeLimitMs: COMMAND_LIMIT_MS };
    try {
      const { ended, code, stdout } = await context.request('host.run', order, DEADLINE_MS);
      return ended === 'exited' && code === 0 ? stdout : null;
    } catch {
      return null;
    }
  };

/**
 * Whether some time service keeps the clock of this machine: by systemd-timesyncd's mark, by the kernel's own word through
 * systemd (adjtimex), or by chrony. In a sandbox without commands, and without systemd, nobody says.
 */
export const examineTimeSync = async (run: RunCommand, mark = TIMESYNCD_MARK): Promise<TimeSync> => {
  const isMarked = await access(mark).then(
    () => true,
    () => false,
  );
  if (isMarked) return { state: 'synchronised', source: 'systemd-timesyncd' };
  const kernel = (await run('timedatectl', ['show', '-p', 'NTPSynchronized', '--value']))?.trim();
  if (kernel === 'yes') return { state: 'synchronised', source: 'timedatectl' };
  const chrony = await run('chronyc', ['-n', 'tracking']);
  const leap = /^Leap status\s*:\s*(.+)$/m.exec(chrony ?? '')?.[1]?.trim();
  if (leap !== undefined) {
    return { state: leap === 'Not synchronised' ? 'unsynchronised' : 'synchronised', source: 'chronyc' };
  }
  return kernel === 'no'
    ? { state: 'unsynchronised', source: 'timedatectl' }
    : { state: 'unknown', source: 'nobody' };
};
