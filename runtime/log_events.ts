/**
 * Every event there is, `event.action` of a log line, and its levels. A query written once keeps finding its lines:
 * an event is added here first, and keeps its name. Operators read this list in ops/LOGS.md (a test compares them).
 */

export type LogLevel = "debug" | "info" | "warn" | "error";

interface Row {
  readonly levels: readonly [LogLevel, ...LogLevel[]];
  readonly about: string;
}

export const logEvents = {
  // A process.
  start: row("info", "the process is alive; its admin listener answers"),
  ready: row("info", "it serves"),
  warning: row("warn", "a setting is for development only"),
  "log level": row("info", "another level is logged from now on"),
  "admin action": row("info", "somebody asked the admin listener to change something; in which role, and what became of it"),
  "log gap": row("warn", "lines were left out: nobody read them in time"),
  "secret change": row("info", "what is in the files of secrets is in use now; the reason names what has changed"),
  "secret failure": row("error", "what is in the files of secrets cannot be used: older ones stay in use"),
  "drain start": row("info", "it leaves service; the reason says what becomes of what it has"),
  "drain undo": row("info", "it is back in service"),
  "drain deadline": row("info", "what is left is parked or dissolved now"),
  "park all": row("info", "every room is frozen into the journal for this server's successor"),
  "dissolve all": row("info", "every room ends now"),
  "restore all": row("info", "a start has gone on with the rooms of its journal"),
  stop: row("info", "the last line of a process that leaves in order"),
  failure: row("error", "an assumption of ours is broken; the reason says whether the process ends"),
  // A session, at its door.
  "session open": row("info", "a player has come in"),
  "session close": row("info", "the connection has ended; its close code and the row of the close table"),
  "upgrade refusal": row("info", "a player was not let in; the HTTP status"),
  "address slowed": row("info", "an address has brought too many bad tokens: its next ones wait before they are looked at"),
  "keys read": row("info", "JWKS_URL has answered, with other keys than before or after a failure"),
  "keys failure": row("warn", "JWKS_URL has not, or with nothing that could be used: keys read before stay in use"),
  refusal: row("info", "what a client asked for is refused; the code of the refusal", "error"),
  // A player in a room.
  sit: row("info", "a user has sat down"),
  "come back": row("info", "a user has taken up his seat again"),
  stand: row("info", "a user has stood up, or was stood up by the game"),
  drop: row("info", "a client has gone without standing up, or its seat was held for HOLD in vain"),
  input: row("debug", "a frame of a player is applied"),
  send: row("debug", "a frame to players is in the outbox"),
  // A room.
  "room open": row("info", "a life begins"),
  "room restore": row("info", "a life goes on from the journal"),
  "room arrive": row("info", "a life goes on here that another game server has given to this one"),
  "game swap": row("info", "in development: rooms go on by a game's changed rules; or by those they had, the reason says why", "error"),
  "room park": row("info", "a life is frozen into the journal"),
  "room dissolve": row("info", "the system ends a life; the reason says why"),
  "room end": row("info", "a life is over, however it came about; whom it has sent out"),
  "room crash": row("error", "a handler threw: the life ends"),
  "room unreadable": row("error", "this release cannot read a life: it waits in the journal for one that can"),
  settle: row("info", "the points of a game that was played to its end, by user"),
  game: row("info", "what the game itself says"),
  "handler slow": row("warn", "a handler has returned late: every room of the process waited"),
  "handler stuck": row("error", "a handler has not returned; on standard error"),
  "inputs forgotten": row("error", "the journal knows less than the gate: power was lost"),
  "outputs gone": row("warn", "a gate was away for longer than its outputs are kept: its sessions must sit down again"),
  // A room as a gate has it.
  "room held": row("info", "its game server is away: sessions and their inputs are held"),
  "room resumed": row("info", "its game server is back: nothing is lost"),
  "room lost": row("warn", "it was held for HOLD in vain: its sessions hear Disconnect 0"),
  // A room on its way.
  "room offer": row("debug", "another game server offers a life to this one"),
  "move start": row("info", "a life is frozen, to be given to another game server"),
  "move end": row("info", "a life is given; for how long nobody played it"),
  "move back": row("warn", "a life was not taken, and plays on here"),
  "claim lost": row("warn", "the directory has the life, or the user, for another one"),
  // Links, and who is at their ends.
  "link up": row("info", "a gate and a game server are linked"),
  "link down": row("debug", "a link is lost, or could not be made", "info", "warn"),
  "link refusal": row("warn", "who dialled is no process of ours, or not of this fleet"),
  "peer up": row("info", "another game server can be given rooms"),
  "peer down": row("debug", "it cannot any more", "info"),
  // Directory and fleet.
  "lookup failure": row("debug", "an address of the fleet could not be looked up"),
  "directory conflict": row("warn", "two lives of one name, or two of one user: one of them loses"),
  "directory forgot": row("warn", "Redis has lost its memory: it is told again"),
  "redis up": row("info", "Redis answers"),
  "redis down": row("warn", "Redis does not"),
  "redis failure": row("warn", "why not"),
  "redis alarm": row("error", "Redis is set up so that it may forget"),
  "kubernetes up": row("info", "the Kubernetes API answers"),
  "kubernetes down": row("warn", "it does not"),
  "lease lapse": row("warn", "the lease is too old: others may take the rooms", "error"),
  // The journal.
  "journal wait": row("info", "another process has it"),
  "journal damage": row("error", "what could not be read is set aside"),
  "journal full": row("error", "there is no space: time stands still"),
  "journal heal": row("info", "there is space again"),
} as const satisfies Record<string, Row>;

export type LogEvent = keyof typeof logEvents;

function row(level: LogLevel, about: string, ...others: LogLevel[]): Row {
  return { levels: [level, ...others], about };
}
