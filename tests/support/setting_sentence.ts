/** What a start with a wrong setting says. */
import assert from "node:assert/strict";
import { readSettings, SettingError } from "#runtime/settings.ts";

/** "" when nothing is wrong. */
export function settingSentence(env: Readonly<Record<string, string>>): string {
  try {
    readSettings(env);
  } catch (thrown) {
    assert.ok(thrown instanceof SettingError, String(thrown));
    return thrown.message;
  }
  return "";
}
