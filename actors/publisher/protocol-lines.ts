import { parseFlowControl } from '@rustbalance/crypto-worker/descriptor/flow-control.js';

/** The inner descriptor's lines that speak for all nodes at once. */
export interface ProtocolLines {
  readonly create2Formats: readonly number[];
  readonly flowControl: string | null;
}

interface FlowControl {
  readonly low: number;
  readonly high: number;
  readonly sendmeInc: number;
}

/** One version range, as every Tor writes it: what several have in common is then a range, too. */
const flowControlOf = (value: string): FlowControl | null => {
  const { versions, sendmeIncrement } = parseFlowControl(value) ?? { versions: [], sendmeIncrement: 0 };
  const [range] = versions;
  if (range === undefined || versions.length !== 1) return null;
  return { low: range[0], high: range[1], sendmeInc: sendmeIncrement };
};

/** What every node can do: a client must be able to rely on the line whichever node it reaches. */
const commonFlowControl = (values: readonly (string | null)[]): string | null => {
  const parsed = values.map((value) => (value === null ? null : flowControlOf(value)));
  const first = parsed[0] ?? null;
  if (first === null) return null;
  let { low, high } = first;
  for (const one of parsed) {
    // Clients take one sendme_inc for all: nodes that disagree cannot share the line.
    if (one === null || one.sendmeInc !== first.sendmeInc) return null;
    low = Math.max(low, one.low);
    high = Math.min(high, one.high);
  }
  if (low > high) return null;
  return `${low === high ? String(low) : `${String(low)}-${String(high)}`} ${String(first.sendmeInc)}`;
};

/** ntor (2) is what every Tor of the last ten years has; it stands in when nothing else is common. */
const NTOR = 2;

export const commonLines = (nodes: readonly ProtocolLines[]): ProtocolLines => {
  const formats = (nodes[0]?.create2Formats ?? [NTOR]).filter((format) =>
    nodes.every((node) => node.create2Formats.includes(format)),
  );
  return {
    create2Formats: formats.length === 0 ? [NTOR] : formats,
    flowControl: commonFlowControl(nodes.map((node) => node.flowControl)),
  };
};
