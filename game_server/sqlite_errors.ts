/** What an error of SQLite, or of the files beside it, means for the journal. Codes: sqlite.org/rescode.html. */

const busy = 5;
const readOnly = 8;
const full = 13;
const ioError = 10;
const cannotOpen = 14;
/** IOERR_WRITE */
const cannotWrite = ioError | (3 << 8);
const outOfRange = "ERR_OUT_OF_RANGE";
/** IOERR_SHMSIZE: the WAL's index could not grow. */
const noSpaceForIndex = ioError | (19 << 8);
/** IOERR_READ, IOERR_SHORT_READ, IOERR_CORRUPTFS: what is on the disk cannot be had. */
const unreadable = [1, 2, 33].map((detail) => ioError | (detail << 8));
/** PERM, BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN, PROTOCOL: these say nothing about what is in the file. */
const notTheFile: readonly number[] = [3, busy, 6, 7, readOnly, ioError, full, cannotOpen, 15];

/** Another process has it. */
export function isBusy(thrown: unknown): boolean {
  return (codeOf(thrown) & 0xff) === busy;
}

/** It may be read and not written. */
export function isReadOnly(thrown: unknown): boolean {
  return (codeOf(thrown) & 0xff) === readOnly;
}

/** READONLY_ROLLBACK: a killed process has left half a change, and whoever may write takes it back. */
export function isCutShort(thrown: unknown): boolean {
  return codeOf(thrown) === (readOnly | (3 << 8));
}

/** No space. */
export function isFull(thrown: unknown): boolean {
  const isDiskFull = ["ENOSPC", "EDQUOT"].includes((thrown as { code?: string }).code ?? "");
  return isDiskFull || (codeOf(thrown) & 0xff) === full || codeOf(thrown) === noSpaceForIndex;
}

/** What it comes from cannot be told. */
export function isVague(thrown: unknown): boolean {
  return [cannotOpen, cannotWrite].includes(codeOf(thrown));
}

/** The folder, or a file in it, is not for us to use. */
export function isForbidden(thrown: unknown): boolean {
  const isOfFile = ["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST", "ENOENT", "ELOOP"].includes((thrown as { code?: string }).code ?? "");
  return isOfFile || [readOnly, cannotOpen].includes(codeOf(thrown) & 0xff);
}

/** The file does not hold what was written. A number too large for JavaScript was never written by us. */
export function isDamage(thrown: unknown): boolean {
  const code = codeOf(thrown);
  if (code === 0) return (thrown as { code?: string }).code === outOfRange;
  return unreadable.includes(code) || !notTheFile.includes(code & 0xff);
}

/** The extended code; 0: not of SQLite. */
function codeOf(thrown: unknown): number {
  return (thrown as { errcode?: number }).errcode ?? 0;
}
