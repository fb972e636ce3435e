import type { ActorContext } from '../../kernel/actor.js';
import type { CancelTimer, Clock } from '../../kernel/clock.js';
import { nodePaths } from '../../kernel/config/paths.js';
import { toErrorData } from '../../kernel/errors.js';
import type { KeyFileFault } from '../../wg/messages.js';
import { examineDisks } from './disk.js';
import type { DiskFacts } from './disk.js';
import { examineFiles, mendModes, watchedPaths } from './files.js';
import type { FileFault } from './files.js';
import { memoryExamination } from './memory.js';
import type { MemoryFacts } from './memory.js';
import { proxyExamination } from './proxy.js';
import { commandsBy, examineTimeSync } from './time-sync.js';
import type { TimeSync } from './time-sync.js';

/** What was found by looking at the machine; null where nobody has looked yet. */
export interface Examined {
  readonly disks: readonly DiskFacts[];
  readonly memory: MemoryFacts | null;
  readonly files: readonly FileFault[];
  /** Key files that are missing or damaged. */
  readonly keyFiles: readonly KeyFileFault[];
  /** Files of the instance that are not what TorActor has in memory. */
  readonly instanceFiles: readonly string[];
  readonly timeSync: TimeSync | null;
  /** Why nobody can connect to the proxy, although it listens. */
  readonly proxyFault: string | null;
}

/** What is known of the other actors that a look needs. */
export interface Surroundings {
  /** Where the proxy says that it listens; null while it does not. */
  readonly proxyListen: string | null;
}

export const NOTHING_EXAMINED: Examined = {
  disks: [],
  memory: null,
  files: [],
  keyFiles: [],
  instanceFiles: [],
  timeSync: null,
  proxyFault: null,
};

/** One way of looking, and how often it is worth it. */
export interface Examination {
  readonly everyMs: number;
  look(surroundings: Surroundings): Promise<Partial<Examined>>;
  /** Looks again sooner after this answer. */
  soonerMs?(found: Partial<Examined>): number | null;
}

export interface Examinations {
  readonly all: readonly Examination[];
  mendModes(): Promise<void>;
}

/** A disk is filled within seconds, and the look is a system call or two. */
const DISK_EVERY_MS = 15_000;
/** Needed at the next start only. */
const FILES_EVERY_MS = 30_000;
const INSTANCE_EVERY_MS = 60_000;
/** The seeds' interval; after a start a time service needs some seconds, and publishing may wait for it. */
const TIME_EVERY_MS = 300_000;
const TIME_AGAIN_MS = 10_000;

const TOR_MS = 10_000;
const WG_MS = 10_000;

export const systemExaminations = (context: ActorContext<'health'>): Examinations => {
  const { config } = context;
  const watched = watchedPaths(config, process.env['CREDENTIALS_DIRECTORY'] ?? null);
  const { torDataDir } = nodePaths(config);
  const places = [
    config.node.state_dir,
    config.node.run_dir,
    ...(config.tor.mode === 'managed' ? [torDataDir] : []),
  ];
  const run = commandsBy(context);
  return {
    all: [
      { everyMs: DISK_EVERY_MS, look: async () => ({ disks: await examineDisks(places) }) },
      memoryExamination(),
      proxyExamination(),
      { everyMs: FILES_EVERY_MS, look: async () => ({ files: await examineFiles(watched) }) },
      {
        everyMs: FILES_EVERY_MS,
        look: async () => ({ keyFiles: (await context.request('wg.key-faults', {}, WG_MS)).files }),
      },
      {
        everyMs: INSTANCE_EVERY_MS,
        look: async () => {
          const { files } = await context.request('tor.instance-faults', {}, TOR_MS);
          return { instanceFiles: files };
        },
      },
      {
        everyMs: TIME_EVERY_MS,
        look: async () => ({ timeSync: await examineTimeSync(run) }),
        soonerMs: ({ timeSync }) => (timeSync?.state === 'unsynchronised' ? TIME_AGAIN_MS : null),
      },
    ],
    mendModes: () => mendModes(watched),
  };
};

export interface Examiner {
  /** Looks at everything now: a repair has been made. */
  again(): void;
  stop(): void;
}

/** Looks again and again, each way by itself: one that hangs holds up no other. */
export const startExaminer = (
  { all }: Examinations,
  { clock, log }: { readonly clock: Clock; readonly log: ActorContext<'health'>['log'] },
  surroundings: () => Surroundings,
  found: (facts: Partial<Examined>) => void,
): Examiner => {
  let stopped = false;
  const loops = all.map((examination) => {
    let cancel: CancelTimer = () => undefined;
    let busy = false;
    const look = async (): Promise<void> => {
      if (busy || stopped) return;
      busy = true;
      cancel();
      let nextMs = examination.everyMs;
      try {
        const facts = await examination.look(surroundings());
        nextMs = examination.soonerMs?.(facts) ?? nextMs;
        if (!stopped) found(facts);
      } catch (error) {
        log.debug('not examined', { problem: toErrorData(error, 'health').what });
      }
      busy = false;
      if (!stopped) {
        cancel = clock.after(nextMs, () => {
          void look();
        });
      }
    };
    void look();
    return {
      look: () => void look(),
      cancel: () => {
        cancel();
      },
    };
  });
  return {
    again: () => {
      for (const { look } of loops) look();
    },
    stop: () => {
      stopped = true;
      for (const { cancel } of loops) cancel();
    },
  };
};
