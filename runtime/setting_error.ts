/** A setting that stops the start. The message is the whole sentence; exit code 78. */
export class SettingError extends Error {
  override readonly name = "SettingError";
}
