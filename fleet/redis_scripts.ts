/**
 * What the directory and the fleet are in Redis, and the scripts that change them. Each
 * script is one step there: nothing comes between its reading and its writing. All keys
 * share one hash tag, so that they are on one node of a cluster.
 *
 *     generation          random; who knows another one knows that Redis has forgotten
 *     learning            there while owners are still telling what they own
 *     lives               life -> JSON of `Life`, with the offer by which its owner got it
 *     names               game/room -> life
 *     users               user -> life
 *     sits:LIFE           the users of a life
 *     owns:OWNER          the lives of an owner
 *     seats:OWNER         the users in the lives of an owner
 *     told:OWNER          lives that an announcement has named so far
 *     abandoned           lives taken from a silent owner, by the time they were
 *     servers             owner -> JSON of its record
 *     renewed             owner -> when it renewed its lease last, by Redis' own clock
 *     lease:OWNER         there while the owner's lease runs
 *
 * Every script gets the generation that its process knows and a fresh one, and answers with
 * the one that holds, whether the directory is learning, and what it was asked for.
 */
import { createHash } from "node:crypto";

/** How long owners have to tell again what they own after Redis has forgotten: five renewals. */
export const learningMs = 15_000;
/** Lives remembered as taken from an owner that was silent too long: should it come back, they lose. */
const abandonedMax = 100_000;
/** Lives of an abandoned owner that one script takes out. */
const sweptMax = 100;
/** The record of a server that left and owns nothing is kept so long for gates that still have its address. */
const recordKeptMs = 300_000;

export interface Script {
  readonly name: string;
  readonly text: string;
  readonly sha: string;
}

/** What every script begins with: the tools, and the look at the generation. */
const prelude = `
local at = '{croupier}:'
local call = redis.call
local known, fresh, abandonMs = ARGV[1], ARGV[2], tonumber(ARGV[3])

local generation = call('GET', at .. 'generation') or ''
local learning = call('EXISTS', at .. 'learning')
if generation == '' or (known ~= '' and known ~= generation and learning == 0) then
  generation, learning = fresh, 1
  call('SET', at .. 'generation', fresh)
  call('SET', at .. 'learning', '1', 'PX', '${learningMs}')
end

local function answer(...) return { generation, learning, ... } end

local function nowMs()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function nameOf(life) return life.game .. '/' .. life.room end

local function read(id)
  local text = id and call('HGET', at .. 'lives', id)
  if not text then return nil end
  return cjson.decode(text), text
end

local function unseat(life, user)
  if call('HGET', at .. 'users', user) == life.life then
    call('HDEL', at .. 'users', user)
    call('SREM', at .. 'seats:' .. life.owner, user)
  end
  call('SREM', at .. 'sits:' .. life.life, user)
end

local function seat(life, user)
  call('HSET', at .. 'users', user, life.life)
  call('SADD', at .. 'sits:' .. life.life, user)
  call('SADD', at .. 'seats:' .. life.owner, user)
end

local function open(life, text)
  call('HSET', at .. 'lives', life.life, text)
  call('HSET', at .. 'names', nameOf(life), life.life)
  call('SADD', at .. 'owns:' .. life.owner, life.life)
end

-- The same life at its next owner or epoch, with everyone who sits in it.
local function hand(life, to, text)
  for _, user in ipairs(call('SMEMBERS', at .. 'sits:' .. life.life)) do
    if call('SREM', at .. 'seats:' .. life.owner, user) == 1 then call('SADD', at .. 'seats:' .. to.owner, user) end
  end
  call('SREM', at .. 'owns:' .. life.owner, life.life)
  open(to, text)
end

local function drop(life)
  for _, user in ipairs(call('SMEMBERS', at .. 'sits:' .. life.life)) do unseat(life, user) end
  call('DEL', at .. 'sits:' .. life.life)
  call('HDEL', at .. 'lives', life.life)
  if call('HGET', at .. 'names', nameOf(life)) == life.life then call('HDEL', at .. 'names', nameOf(life)) end
  call('SREM', at .. 'owns:' .. life.owner, life.life)
end

-- Whether an owner has been without a lease for so long that its lives may be taken from it.
local function isAbandoned(owner)
  if abandonMs == 0 or call('EXISTS', at .. 'lease:' .. owner) == 1 then return false end
  call('HSETNX', at .. 'renewed', owner, string.format('%.0f', nowMs()))
  return nowMs() - call('HGET', at .. 'renewed', owner) >= abandonMs
end

local function abandon(life)
  drop(life)
  call('ZADD', at .. 'abandoned', string.format('%.0f', nowMs()), life.life)
  call('ZREMRANGEBYRANK', at .. 'abandoned', 0, -${abandonedMax + 1})
end

-- Takes some of its lives from an owner; answers how many.
local function sweep(owner)
  local ids = call('SRANDMEMBER', at .. 'owns:' .. owner, ${sweptMax})
  for _, id in ipairs(ids) do
    local life = read(id)
    if life then abandon(life) end
    call('SREM', at .. 'owns:' .. owner, id)
  end
  return #ids
end

-- A life that counts: one of an abandoned owner is taken out instead.
local function alive(id)
  local life, text = read(id)
  if life and isAbandoned(life.owner) then
    abandon(life)
    return nil
  end
  return life, text
end

local function placeOf(user) return alive(call('HGET', at .. 'users', user)) end
local function named(name) return alive(call('HGET', at .. 'names', name)) end
`;

export const scripts = {
  /** user, name ("" = a match) -> "found", the life he sits in, the life of the name; or "learning" */
  find: script(
    "find",
    `
local _, place = placeOf(ARGV[4])
if not place and learning == 1 then return answer('learning') end
local _, room = nil, nil
if ARGV[5] ~= '' then _, room = named(ARGV[5]) end
return answer('found', place or '', room or '')`,
  ),

  /** life -> "found", the life */
  where: script(
    "where",
    `
local _, text = alive(ARGV[4])
if not text and learning == 1 then return answer('learning') end
return answer('found', text or '')`,
  ),

  /** life as JSON, user -> "claimed" or "opened"; "name taken" or "user elsewhere", the holder; or "learning" */
  claim: script(
    "claim",
    `
local life, user = cjson.decode(ARGV[4]), ARGV[5]
local place, placeText = placeOf(user)
if place and place.life ~= life.life then return answer('user elsewhere', placeText) end
local holder, holderText = named(nameOf(life))
local isMine = holder and holder.life == life.life and holder.owner == life.owner and holder.epoch == life.epoch
if holder and not isMine then return answer('name taken', holderText) end
if learning == 1 and not (holder and place) then return answer('learning') end
if not holder then open(life, ARGV[4]) end
seat(life, user)
return answer(holder and 'claimed' or 'opened')`,
  ),

  /** life, owner, user -> "done" */
  release: script(
    "release",
    `
local life = read(ARGV[4])
if life and life.owner == ARGV[5] then unseat(life, ARGV[6]) end
return answer('done')`,
  ),

  /** life, owner, epoch -> "done" */
  finish: script(
    "finish",
    `
local life = read(ARGV[4])
if life and life.owner == ARGV[5] and life.epoch == tonumber(ARGV[6]) then drop(life) end
return answer('done')`,
  ),

  /** owner, epoch, life as JSON at its next owner -> "moved"; "lost": it is not that owner's at that epoch; "unknown"; or "learning" */
  move: script(
    "move",
    `
local to = cjson.decode(ARGV[6])
local life = read(to.life)
if life and life.owner == to.owner and life.epoch == to.epoch and life.offer == to.offer then return answer('moved') end
if learning == 1 then return answer('learning') end
if not life then return answer('unknown') end
if life.owner ~= ARGV[4] or life.epoch ~= tonumber(ARGV[5]) then return answer('lost') end
hand(life, to, ARGV[6])
return answer('moved')`,
  ),

  /** epoch, life as JSON at a higher one, taker -> "kept"; "moved": it is the taker's, or was; "unknown": the taker may still say */
  keep: script(
    "keep",
    `
local to, taker = cjson.decode(ARGV[5]), ARGV[6]
local life = read(to.life)
if not life or learning == 1 then return answer('unknown') end
local hasGoneOn = life.owner ~= to.owner and life.epoch > tonumber(ARGV[4]) + 1 -- only from the taker, whether it can be asked or not
if hasGoneOn then return answer('moved') end
if call('EXISTS', at .. 'lease:' .. taker) == 1 then return answer('unknown') end
if life.owner == taker and life.epoch == tonumber(ARGV[4]) + 1 then return answer('moved') end
if life.owner ~= to.owner then return answer('unknown') end
if life.epoch ~= to.epoch then hand(life, to, ARGV[5]) end
return answer('kept')`,
  ),

  /** life as JSON -> "done": set if its epoch is greater */
  raise: script(
    "raise",
    `
local to = cjson.decode(ARGV[4])
local life = read(to.life)
if life and life.epoch < to.epoch then hand(life, to, ARGV[4]) end
return answer('done')`,
  ),

  /**
   * owner, "first", "last", "only" or "" (which part this is), JSON of [{life: JSON, users}], JSON of `Unsettled` ->
   * "told", JSON of the lives that lost, JSON of [life, user] of those who sit elsewhere, JSON of the lives that others have
   */
  announce: script(
    "announce",
    `
local owner, part = ARGV[4], ARGV[5]
local told = at .. 'told:' .. owner
local lostLives, lostUsers, movedLives = {}, {}, {}

-- Whether the life is the owner's; if so it is there afterwards, as it was told.
local function merge(life, text)
  local other = read(life.life)
  if other then
    local isOthers = other.epoch > life.epoch or (other.epoch == life.epoch and other.owner ~= owner)
    if isOthers then table.insert(movedLives, life.life) else hand(other, life, text) end
    return not isOthers
  end
  local rival = named(nameOf(life))
  local isTaken = call('ZSCORE', at .. 'abandoned', life.life)
  if rival and (isTaken or rival.openedAtMs <= life.openedAtMs) then
    table.insert(lostLives, life.life) -- its owner may tell it again before it can end it: it loses again
    return false
  end
  call('ZREM', at .. 'abandoned', life.life)
  if rival then drop(rival) end
  open(life, text)
  return true
end

call('HSET', at .. 'renewed', owner, string.format('%.0f', nowMs()))
if part == 'first' or part == 'only' then call('DEL', told) end
for _, one in ipairs(cjson.decode(ARGV[6])) do
  local life = cjson.decode(one.life)
  if merge(life, one.life) then
    call('SADD', told, life.life)
    local users = {}
    for _, user in ipairs(one.users) do users[user] = true end
    for _, user in ipairs(call('SMEMBERS', at .. 'sits:' .. life.life)) do
      if not users[user] then unseat(life, user) end
    end
    for _, user in ipairs(one.users) do
      local place = placeOf(user)
      if place and place.life ~= life.life then table.insert(lostUsers, { life.life, user }) else seat(life, user) end
    end
  end
end
for _, one in ipairs(cjson.decode(ARGV[7])) do
  call('SADD', told, one.life)
  local life, to = read(one.life), read(one.life)
  if life and life.owner == owner and one.owner ~= '' and life.epoch < one.epoch then
    to.owner, to.epoch, to.offer = one.owner, one.epoch, nil
    hand(life, to, cjson.encode(to))
  end
end
call('PEXPIRE', told, 60000)
if part == 'last' or part == 'only' then
  for _, id in ipairs(call('SDIFF', at .. 'owns:' .. owner, told)) do
    local life = read(id)
    if life and life.owner == owner then drop(life) else call('SREM', at .. 'owns:' .. owner, id) end
  end
  call('DEL', told)
end
return answer('told', cjson.encode(lostLives), cjson.encode(lostUsers), cjson.encode(movedLives))`,
  ),

  /**
   * owner, its record as JSON, how long the lease runs, lives, users -> "renewed" when the directory has as many
   * lives and users of it, else "differs"
   */
  renew: script(
    "renew",
    `
local owner, record = ARGV[4], cjson.decode(ARGV[5])
call('SET', at .. 'lease:' .. owner, '1', 'PX', ARGV[6])
call('HSET', at .. 'renewed', owner, string.format('%.0f', nowMs()))
call('HSET', at .. 'servers', owner, ARGV[5])
-- A server whose rooms died with its process, and whose address another one has taken, is forgotten.
local servers = call('HGETALL', at .. 'servers')
for i = 1, #servers, 2 do
  local other, is = servers[i], cjson.decode(servers[i + 1])
  if other ~= owner and not is.durable and is.address == record.address and call('EXISTS', at .. 'lease:' .. other) == 0 then
    for _, id in ipairs(call('SMEMBERS', at .. 'owns:' .. other)) do
      local life = read(id)
      if life then drop(life) end
    end
    call('DEL', at .. 'owns:' .. other, at .. 'seats:' .. other)
    call('HDEL', at .. 'servers', other)
    call('HDEL', at .. 'renewed', other)
  end
end
local same = call('SCARD', at .. 'owns:' .. owner) == tonumber(ARGV[7]) and call('SCARD', at .. 'seats:' .. owner) == tonumber(ARGV[8])
return answer(same and 'renewed' or 'differs')`,
  ),

  /** owner -> "done": it leaves; what it still owns stays its own, and its record with that */
  leave: script(
    "leave",
    `
call('DEL', at .. 'lease:' .. ARGV[4])
if call('SCARD', at .. 'owns:' .. ARGV[4]) == 0 then
  call('HDEL', at .. 'servers', ARGV[4])
  call('HDEL', at .. 'renewed', ARGV[4])
end
return answer('done')`,
  ),

  /** owner -> "abandoned", how many of its lives were taken from it now; or "leased" */
  abandon: script(
    "abandon",
    `
if call('EXISTS', at .. 'lease:' .. ARGV[4]) == 1 then return answer('leased') end
return answer('abandoned', tostring(sweep(ARGV[4])))`,
  ),

  /** -> "fleet", then for each server its record as JSON and "1" when it has a lease, else "0" */
  fleet: script(
    "fleet",
    `
local answers = answer('fleet')
local servers = call('HGETALL', at .. 'servers')
for i = 1, #servers, 2 do
  local owner = servers[i]
  local isLeased = call('EXISTS', at .. 'lease:' .. owner) == 1
  if isAbandoned(owner) then sweep(owner) end
  local isEmpty = call('SCARD', at .. 'owns:' .. owner) == 0
  if not isLeased and isEmpty and nowMs() - (call('HGET', at .. 'renewed', owner) or 0) >= ${recordKeptMs} then
    call('HDEL', at .. 'servers', owner)
    call('HDEL', at .. 'renewed', owner)
  else
    table.insert(answers, servers[i + 1])
    table.insert(answers, isLeased and '1' or '0')
  end
end
return answers`,
  ),
} as const satisfies Record<string, Script>;

function script(name: string, body: string): Script {
  const text = `${prelude}${body}`;
  return { name, text, sha: createHash("sha1").update(text).digest("hex") };
}
