/** Loaded into processes that are measured: SIGWINCH, which means nothing to a server, makes one throw away what it does not hold. */
process.on("SIGWINCH", () => globalThis.gc?.());
