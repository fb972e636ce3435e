/** The system's code of a failed call (ENOSPC, EACCES), else the error's message, bounded. */
export const systemReason = (error: unknown): string => {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return (error instanceof Error ? error.message : String(error)).slice(0, 200);
};
