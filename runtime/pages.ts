/**
 * A built page, served from memory: what `npm run pages` has made is read once, at the start, so a request
 * touches no disk, no path of a client is ever a path of ours, and a build under a running process hurts nobody.
 *
 *     /            index.html, asked for anew each time, by its ETag
 *     /assets/…    named by a hash of what is in them: kept for a year
 *
 * Scripts, styles and images come from here alone, and the page talks to nobody but who it is told (Content-Security-Policy).
 */
import { createHash } from "node:crypto";
import { globSync, readFileSync, statSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";

/** Answers a GET or HEAD of `path`, which begins with a slash; false = there is no such file. */
export type Pages = (path: string, request: IncomingMessage, response: ServerResponse) => boolean;

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".webp": "image/webp",
};

const policy = [
  "default-src 'none'",
  ...["script-src", "style-src", "img-src", "font-src"].map((source) => `${source} 'self'`),
  ...["base-uri", "form-action", "frame-ancestors"].map((what) => `${what} 'none'`),
];

const securityHeaders = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
};

interface PagesOptions {
  /** Whom the page may ask beside where it comes from, as its policy names them. */
  readonly connectTo?: readonly string[];
}

interface File {
  readonly plain: Buffer;
  readonly zipped: Buffer;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Reads the page in `folder`. Where none is built, or one is being built at this moment, `/` says so. */
export function readPages(folder: string, { connectTo = [] }: PagesOptions = {}): Pages {
  const headers = {
    ...securityHeaders,
    "Content-Security-Policy": [...policy, ["connect-src", "'self'", ...connectTo].join(" ")].join("; "),
  };
  const files = readFiles(folder, headers);
  if (!files.has("/index.html")) return sayNotBuilt;
  return (path, request, response) => {
    const file = files.get(path === "/" ? "/index.html" : path);
    if (file !== undefined) send(file, request, response);
    return file !== undefined;
  };
}

/** By their paths; none at all, if one of them is gone again when it is read. */
function readFiles(folder: string, headers: File["headers"]): ReadonlyMap<string, File> {
  try {
    const names = globSync("**", { cwd: folder }).filter((name) => statSync(join(folder, name)).isFile());
    return new Map(names.map((name) => [`/${name}`, readFile(folder, name, headers)]));
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ENOENT") throw thrown;
    return new Map();
  }
}

function readFile(folder: string, name: string, headers: File["headers"]): File {
  const plain = readFileSync(join(folder, name));
  const isNamedByHash = name.startsWith("assets/");
  const etag = `W/"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
  return {
    plain,
    zipped: gzipSync(plain, { level: 9 }),
    etag,
    headers: {
      ...headers,
      "Content-Type": contentTypes[extname(name)] ?? "application/octet-stream",
      "Cache-Control": isNamedByHash ? "public, max-age=31536000, immutable" : "no-cache",
      ETag: etag,
      Vary: "Accept-Encoding",
    },
  };
}

function send({ plain, zipped, etag, headers }: File, request: IncomingMessage, response: ServerResponse): void {
  if (request.headers["if-none-match"]?.includes(etag)) return void response.writeHead(304, headers).end();
  const takesZipped = /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(request.headers["accept-encoding"] ?? "");
  const isSmaller = zipped.length < plain.length;
  const [body, encoding] = takesZipped && isSmaller ? [zipped, { "Content-Encoding": "gzip" }] : [plain, {}];
  response.writeHead(200, { ...headers, ...encoding, "Content-Length": body.length }).end(request.method === "HEAD" ? undefined : body);
}

function sayNotBuilt(path: string, _request: IncomingMessage, response: ServerResponse): boolean {
  if (path !== "/") return false;
  const sentence = "This page is not built: npm run pages makes it.\n";
  response
    .writeHead(404, {
      ...securityHeaders,
      "Content-Security-Policy": policy.join("; "),
      "Content-Type": "text/plain",
      "Content-Length": sentence.length,
    })
    .end(sentence);
  return true;
}
