/** What `HOST` and `ADMIN_HOST` may say that is nothing to dial: all addresses of this machine. */
export const everyAddress: ReadonlySet<string> = new Set(["", "::", "0.0.0.0"]);
