import { readFileSync } from 'node:fs';

/** Names of the interfaces by which this machine reaches what is not beside it, by family. */
export interface DefaultRoutes {
  readonly four: ReadonlySet<string>;
  readonly six: ReadonlySet<string>;
}

const RTF_UP = 0x1;
const RTF_REJECT = 0x200;

const isOpen = (flags: string | undefined): boolean => {
  const bits = Number.parseInt(flags ?? '', 16);
  return (bits & RTF_UP) !== 0 && (bits & RTF_REJECT) === 0;
};

const rows = (text: string): readonly (readonly string[])[] =>
  text.split('\n').map((line) => line.trim().split(/\s+/));

/** The whole network, or half of it, as VPNs do that leave the default route in place. */
const WIDE_MASKS_4: readonly string[] = ['00000000', '00000080'];
const WIDE_LENGTHS_6: readonly string[] = ['00', '01'];

/** @param four,six what the kernel shows as net/route and net/ipv6_route (proc(5)) */
export const defaultRoutes = (four: string, six: string): DefaultRoutes => ({
  four: new Set(
    rows(four).flatMap(([name = '', destination, , flags, , , , mask = '']) =>
      destination === '00000000' && WIDE_MASKS_4.includes(mask) && isOpen(flags) ? [name] : [],
    ),
  ),
  six: new Set(
    rows(six).flatMap(([destination, length = '', , , , , , , flags, name = '']) =>
      destination === '0'.repeat(32) && WIDE_LENGTHS_6.includes(length) && name !== 'lo' && isOpen(flags)
        ? [name]
        : [],
    ),
  ),
});

/** A kernel without one of the families has no such file. */
const shown = (name: string): string => {
  try {
    return readFileSync(`/proc/self/net/${name}`, 'utf8');
  } catch {
    return '';
  }
};

export const machineRoutes = (): DefaultRoutes => defaultRoutes(shown('route'), shown('ipv6_route'));
