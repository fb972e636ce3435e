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

/** `flow-control` is a version range and sendme_inc (prop324): "1-2 31". */
const parseFlowControl = (value: string): FlowControl | null => {
  const match = /^(\d{1,3})(?:-(\d{1,3}))? (\d{1,3})$/.exec(value);
  if (match === null) return null;
  const low = Number(match[1]);
  return { low, high: match[2] === undefined ? low : Number(match[2]), sendmeInc: Number(match[3]) };
};

/** What every node can do: a client must be able to rely on the line whichever node it reaches. */
const commonFlowControl = (values: readonly (string | null)[]): string | null => {
  const parsed = values.map((value) => (value === null ? null : parseFlowControl(value)));
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
