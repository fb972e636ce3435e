/** The argument of "flow-control" (proposal 324 §9): FlowCtrl protocol versions, then the SENDME increment. */
export interface FlowControl {
  readonly versions: readonly (readonly [low: number, high: number])[];
  readonly sendmeIncrement: number;
}

const SHAPE = /^((?:\d{1,2}(?:-\d{1,2})?)(?:,\d{1,2}(?:-\d{1,2})?)*) (\d{1,3})$/;

/** Parses "1-2 31"; null for anything else. The increment must fit in 8 bits and not be 0, as in C Tor. */
export const parseFlowControl = (text: string): FlowControl | null => {
  const match = SHAPE.exec(text);
  if (match === null) return null;
  const sendmeIncrement = Number(match[2]);
  const versions = (match[1] ?? '').split(',').map((range): readonly [number, number] => {
    const [low = '', high = low] = range.split('-');
    return [Number(low), Number(high)];
  });
  const valid =
    versions.every(([low, high]) => low <= high) && sendmeIncrement >= 1 && sendmeIncrement <= 255;
  return valid ? { versions, sendmeIncrement } : null;
};
