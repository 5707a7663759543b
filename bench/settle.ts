/** Loaded into processes that are measured: SIGUSR2 makes one throw away what it does not hold. */
process.on("SIGUSR2", () => globalThis.gc?.());
