import { withoutOnion } from '../stock-client.js';
import type { TorProcess } from '../tor-network/tor-process.js';

/** What one HSDir said to a descriptor. */
export type Verdict = 'accepted' | { readonly refused: string };

// Measured on tor 0.4.9.11: 0.3 s, at most 1.3; a dead HSDir gives no event at all.
const ANSWER_TIMEOUT_MS = 15_000;

/** Sends a descriptor to one HSDir (HSPOST, control-spec §3.28) and waits for that HSDir's answer. */
export const postDescriptor = async (
  tor: TorProcess,
  { address, fingerprint, text }: { address: string; fingerprint: string; text: string },
): Promise<Verdict> => {
  const control = await tor.control();
  await control.subscribe('HS_DESC');
  const onion = withoutOnion(address);
  const answered = control.nextEvent(
    `an answer of HSDir ${fingerprint}`,
    ANSWER_TIMEOUT_MS,
    (event): Verdict | undefined => {
      const [action, of, , hsdir = ''] = event.text.split(' ');
      if (event.keyword !== 'HS_DESC' || of !== onion || hsdir.slice(1, 41) !== fingerprint) return undefined;
      if (action === 'UPLOADED') return 'accepted';
      return action === 'FAILED' ? { refused: /REASON=(\S+)/.exec(event.text)?.[1] ?? '' } : undefined;
    },
  );
  const [verdict] = await Promise.all([
    answered,
    control.command(`HSPOST SERVER=${fingerprint} HSADDRESS=${onion}`, text),
  ]);
  return verdict;
};
