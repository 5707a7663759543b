/** What Node says of a connection on which there is no request that could be answered, as an HTTP status. */

/** Undefined: it is not about what was sent, but about the connection. */
export function statusOfClientError({ code = "" }: NodeJS.ErrnoException): 400 | 408 | 431 | undefined {
  if (code === "HPE_HEADER_OVERFLOW") return 431;
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return 408;
  return code.startsWith("HPE_") ? 400 : undefined;
}
