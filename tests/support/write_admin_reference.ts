/** Writes docs/admin_api.md from what a process says of itself: `node tests/support/write_admin_reference.ts`. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { adminReference, type Described } from "./admin_reference.ts";

const root = new URL("../../", import.meta.url);
const env = { PORT: "0", ADMIN_PORT: "0", JOURNAL: "memory" };
const child = spawn(process.execPath, ["single.ts"], { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] });
for await (const line of createInterface({ input: child.stdout })) {
  const said = JSON.parse(line) as { "event.action": string; "admin.port"?: number };
  if (said["event.action"] !== "ready") continue;
  const response = await fetch(`http://127.0.0.1:${said["admin.port"]}/openapi.json`);
  writeFileSync(new URL("docs/admin_api.md", root), adminReference((await response.json()) as Described));
  child.kill("SIGKILL");
}
