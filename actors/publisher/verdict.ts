import type { Verdict } from './machine.js';
import type { SlotBoard } from './slot-board.js';

/** How it stands with both descriptors; null while there is none. */
export const verdictOf = (board: SlotBoard, isBuilding: boolean): Verdict | null => {
  if (board.isEmpty) return null;
  if (board.isComplete) return { type: 'COMPLETE' };
  if (board.isUploading || isBuilding) return { type: 'UPLOAD' };
  const lacking = String(board.incomplete);
  return { type: 'DEGRADE', reason: `${lacking} of 2 descriptors are not on every responsible HSDir` };
};
