/** The ready endpoints of a Service, through every trouble that an API server has. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "#runtime/clock.ts";
import { systemEntropy } from "#runtime/entropy.ts";
import { type Log, silentLog } from "#runtime/log.ts";
import { EndpointsApi } from "#tests/support/endpoints_api.ts";
import { LogLines } from "#tests/support/log_lines.ts";
import { until } from "#tests/support/until.ts";
import { ReadyEndpoints } from "./ready_endpoints.ts";

const here = "10.0.0.1:60001";

async function watched(t: TestContext, api: EndpointsApi, log: Log = silentLog): Promise<ReadyEndpoints> {
  const { config } = api;
  const endpoints = new ReadyEndpoints({
    ...{ config, services: ["dice", "cards"], clock: systemClock, entropy: systemEntropy, log },
  });
  endpoints.start();
  t.after(() => endpoints.stop());
  await until(() => api.watches === 1);
  return endpoints;
}

/** The API, and `here` ready in it. */
async function withOneReady(t: TestContext, log: Log = silentLog) {
  const api = await EndpointsApi.open(t);
  api.put("dice-1", [{ address: "10.0.0.1", ready: true }]);
  const endpoints = await watched(t, api, log);
  assert.deepEqual([endpoints.isUp, endpoints.has(here)], [true, true]);
  return { api, endpoints };
}

test("[fleet] ready endpoints of every slice and both families; not what is terminating, not ready, or behind another port", async (t) => {
  const api = await EndpointsApi.open(t);
  api.put("dice-1", [{ address: "10.0.0.1", ready: true }, { address: "10.0.0.2", ready: false }, { address: "10.0.0.3" }]);
  api.put("dice-2", [{ address: "fd00::1", ready: true }]);
  api.put("cards-1", [{ address: "10.0.0.4", ready: true, terminating: true }]);
  const endpoints = await watched(t, api);
  const asked = [here, "10.0.0.2:60001", "10.0.0.3:60001", "[fd00::1]:60001", "10.0.0.4:60001", "10.0.0.1:60002"];
  assert.deepEqual(
    asked.map((address) => endpoints.has(address)),
    [true, false, true, true, false, false],
  );
  assert.deepEqual([...api.selectors], ["kubernetes.io/service-name in (dice,cards)"]);
});

test("[fleet] nothing is ready before the API has answered, and all is well when it does", async (t) => {
  const api = await EndpointsApi.open(t);
  api.mood = "failing";
  api.put("dice-1", [{ address: "10.0.0.1", ready: true }]);
  const endpoints = new ReadyEndpoints({
    ...{ config: api.config, services: ["dice"], clock: systemClock, entropy: systemEntropy, log: silentLog },
  });
  t.after(() => endpoints.stop());
  endpoints.start();
  await sleep(500);
  assert.deepEqual([endpoints.isUp, endpoints.has(here)], [false, false]);
  api.mood = "well";
  await until(() => endpoints.isUp);
  assert.equal(endpoints.has(here), true);
});

for (const [trouble, make] of [
  ["ends its watches", (api: EndpointsApi) => api.endWatches()],
  ["has forgotten the version", (api: EndpointsApi) => api.forgetVersions()],
] as const) {
  test(`[P8][fleet] an API that ${trouble} is asked again, and what went meanwhile is gone`, async (t) => {
    const { api, endpoints } = await withOneReady(t);
    const before = api.lists;
    make(api);
    await until(() => api.watches === 0);
    api.delete("dice-1");
    api.put("dice-2", [{ address: "10.0.0.9", ready: true }]);
    await until(() => api.lists > before && api.watches === 1);
    assert.deepEqual([endpoints.has(here), endpoints.has("10.0.0.9:60001")], [false, true]);
    api.put("dice-1", [{ address: "10.0.0.1", ready: true }]);
    await until(() => endpoints.has(here));
  });
}

test("[P8][fleet] while the API is away the endpoints are what they were, and it heals by itself", async (t) => {
  const { api, endpoints } = await withOneReady(t);
  const { port } = api;
  await api.close();
  await until(() => !endpoints.isUp);
  await sleep(1500);
  assert.equal(endpoints.has(here), true);
  const again = await EndpointsApi.open(t, port);
  again.put("dice-1", [{ address: "10.0.0.2", ready: true }]);
  await until(() => endpoints.isUp);
  assert.deepEqual([endpoints.has(here), endpoints.has("10.0.0.2:60001")], [false, true]);
});

test("[P8][fleet] an API that falls silent is taken for away within 5 s, which is said once", async (t) => {
  const log = new LogLines();
  const { api, endpoints } = await withOneReady(t, log);
  api.mood = "silent";
  api.endWatches();
  await until(() => !endpoints.isUp);
  assert.equal(endpoints.has(here), true);
  await sleep(7000); // another list in vain
  api.mood = "well";
  await until(() => endpoints.isUp);
  assert.equal(log.lines.filter(({ event }) => event === "kubernetes down").length, 1);
});

test("[fleet] stopped, it asks nothing more", async (t) => {
  const { api, endpoints } = await withOneReady(t);
  endpoints.stop();
  await until(() => api.watches === 0);
  const { lists } = api;
  await sleep(1000);
  assert.deepEqual([api.lists, api.watches], [lists, 0]);
});
