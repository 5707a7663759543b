/** What a gate of the floors says by itself. */
export const linkCommands = { ARRIVE: 1, LEAVE: 2 } as const;
