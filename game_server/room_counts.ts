/** What happens in the rooms of a server and is only counted. */
export class RoomCounts {
  crashes = 0;
  inputsForgotten = 0;
  /** Sessions that had to sit down again: their gate was away for longer than its outputs are kept. */
  sessionsOutdated = 0;
  /** Seats that were held for HOLD in vain. */
  seatsGivenUp = 0;
}
