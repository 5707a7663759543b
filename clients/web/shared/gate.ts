/** The gate that this page comes from. */

/** Where players connect. */
export function gateUrl(): string {
  return location.origin.replace(/^http/, "ws");
}

/** A token for a user of one's choice, which gates give in development. @throws with what the gate says instead. */
export async function developmentToken(user: number | string): Promise<string> {
  const answer = await fetch(`/dev/token?user=${encodeURIComponent(user)}`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}
