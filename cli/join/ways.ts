import type { JoinToken, MasterWay, TokenOrigin } from '@rustbalance/actors/election/join/token-text.js';
import { joinPath } from '@rustbalance/actors/kernel/cluster-keys.js';
import type { NodeToMake, PendingJoin } from '@rustbalance/actors/election/join/pending-join.js';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import { dialDirect } from '@rustbalance/actors/wg/join-dial.js';
import { exchangeFrames } from '@rustbalance/actors/wg/join-exchange.js';
import { exchangeByMaster } from './master-exchange.js';
import { startThrowawayTor } from './throwaway-tor.js';
import type { ThrowawayTor } from './throwaway-tor.js';

/** How members are called from a machine on which no daemon runs. */
export interface CallingWay {
  exchange(member: TokenOrigin, frame: Uint8Array, attempt: number): Promise<Uint8Array>;
  /** Leaves nothing behind. */
  close(): Promise<void>;
}

interface CallingWorld {
  readonly clock: Clock;
  readonly interrupted: AbortSignal;
  readonly tell: (line: string) => void;
}

const directWay = ({ clock }: CallingWorld): CallingWay => ({
  exchange: async ({ direct }, frame) => exchangeFrames(await dialDirect(direct), frame, clock),
  close: () => Promise.resolve(),
});

/** By a Tor of our own, started for the first call and again when it has ended. */
const torWay = (
  { origin, others, clientAuthorization, secret }: JoinToken,
  { torBinary, extraTorrc }: NodeToMake,
  master: MasterWay | null,
  { clock, interrupted, tell }: CallingWorld,
): CallingWay => {
  let tor: ThrowawayTor | null = null;
  const close = async (): Promise<void> => {
    const last = tor;
    tor = null;
    await last?.close();
  };
  return {
    exchange: async (member, frame, attempt) => {
      if (tor?.isRunning() === false) await close();
      tor ??= await startThrowawayTor({
        binary: torBinary,
        extraTorrc,
        addresses: [origin, ...others].flatMap(({ coordination }) => coordination ?? []),
        clientAuthorization,
        clock,
        interrupted,
        tell,
      });
      if (master === null) return exchangeFrames(await tor.open(member, attempt), frame, clock);
      const stream = await tor.openTo(master.address, master.port, attempt);
      return exchangeByMaster(stream, master, joinPath(secret), frame);
    },
    close,
  };
};

export const callingWay = (
  { token, node, viaMaster }: PendingJoin & { readonly node: NodeToMake },
  world: CallingWorld,
): CallingWay => {
  const master = viaMaster ? (token.viaMaster ?? null) : null;
  return master === null && token.origin.direct !== null
    ? directWay(world)
    : torWay(token, node, master, world);
};
