/** Signing in: anybody one likes in development, a token in production. */
import { useEffect, useState } from "preact/hooks";
import { Heading } from "./heading.tsx";
import { type Identity, isDevelopment } from "./identity.ts";
import { useWords } from "./words.ts";

const usersToChoose = [1, 2, 3, 4, 5, 6, 7, 8];

interface SignInProps {
  /** The token was not let in. */
  readonly isRefused: boolean;
  onSignIn(identity: Identity): void;
}

export function SignIn({ isRefused, onSignIn }: SignInProps) {
  const words = useWords();
  const [choice, setChoice] = useState<"asking" | "user" | "token">("asking");
  useEffect(() => {
    const ask = async (): Promise<void> => setChoice((await isDevelopment().catch(() => false)) ? "user" : "token");
    void ask();
  }, []);
  return (
    <main class="narrow">
      {isRefused && (
        <p class="banner warning" role="alert">
          {words.tokenRefused}
        </p>
      )}
      {choice === "asking" && <p role="status">{words.looking}</p>}
      {choice === "user" && <ChooseUser onSignIn={onSignIn} />}
      {choice === "token" && <GiveToken onSignIn={onSignIn} />}
    </main>
  );
}

function ChooseUser({ onSignIn }: Pick<SignInProps, "onSignIn">) {
  const words = useWords();
  const formOnSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    const user = Number(new FormData(event.currentTarget as HTMLFormElement).get("user"));
    if (Number.isSafeInteger(user) && user > 0) onSignIn({ is: "user", user });
  };
  return (
    <section class="panel" aria-labelledby="choose">
      <Heading id="choose">{words.chooseTitle}</Heading>
      <p class="hint">{words.chooseHint}</p>
      <ul class="people">
        {usersToChoose.map((user) => (
          <li key={user}>
            <button type="button" class="person" onClick={() => onSignIn({ is: "user", user })}>
              <span class={`chip chip-${user % 8}`} aria-hidden="true">
                {user}
              </span>
              {words.player(BigInt(user))}
            </button>
          </li>
        ))}
      </ul>
      <form class="row" onSubmit={formOnSubmit}>
        <label>
          {words.otherUser}
          <input name="user" inputMode="numeric" pattern="[1-9][0-9]*" maxLength={15} required autoComplete="off" />
        </label>
        <button type="submit">{words.enter}</button>
      </form>
    </section>
  );
}

function GiveToken({ onSignIn }: Pick<SignInProps, "onSignIn">) {
  const words = useWords();
  const formOnSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget as HTMLFormElement).get("token")).trim();
    if (token !== "") onSignIn({ is: "token", token });
  };
  return (
    <section class="panel" aria-labelledby="sign-in">
      <Heading id="sign-in">{words.tokenTitle}</Heading>
      <p class="hint">{words.tokenHint}</p>
      <form class="row" onSubmit={formOnSubmit}>
        <label class="wide">
          {words.token}
          <input name="token" type="password" required autoComplete="off" spellcheck={false} />
        </label>
        <button type="submit">{words.enter}</button>
      </form>
    </section>
  );
}
