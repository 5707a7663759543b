/** How many rooms there are in all, and users in them: of servers, of lots, of whatever has some. */
export interface RoomsAndUsers {
  readonly rooms: number;
  readonly users: number;
}

export function roomsIn(all: readonly Pick<RoomsAndUsers, "rooms">[]): number {
  return all.reduce((sum, { rooms }) => sum + rooms, 0);
}

export function sumOf(all: readonly RoomsAndUsers[]): RoomsAndUsers {
  return { rooms: roomsIn(all), users: all.reduce((sum, { users }) => sum + users, 0) };
}
