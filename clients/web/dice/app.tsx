/** The page: who plays, in which language, and where: signing in, the lobby, or a table. */
import { useEffect, useState } from "preact/hooks";
import { fragmentOf, type Place, readPlace, takeToken } from "./address.ts";
import { type Catalogue, catalogues, type Language, languages } from "./catalogue.ts";
import { Die } from "./die.tsx";
import { forgetIdentity, type Identity, keepIdentity, readIdentity } from "./identity.ts";
import { Lobby } from "./lobby.tsx";
import { SignIn } from "./sign_in.tsx";
import { TablePage } from "./table_page.tsx";
import { keepLanguage, readLanguage, Words } from "./words.ts";

export function App() {
  const [language, setLanguage] = useState(readLanguage);
  const [identity, setIdentity] = useState(readIdentity);
  const [isRefused, setRefused] = useState(false);
  const place = usePlace(() => {
    setRefused(false);
    setIdentity(readIdentity());
  });
  const words = catalogues[language];

  useEffect(() => {
    document.documentElement.lang = language;
    document.title = place.table === undefined ? words.title : `${words.table(place.table)} · ${words.title}`;
  }, [language, place.table]);

  const signIn = (chosen: Identity): void => {
    keepIdentity(chosen);
    setRefused(false);
    setIdentity(chosen);
  };
  const signOut = (refused: boolean): void => {
    forgetIdentity();
    setRefused(refused);
    setIdentity(undefined);
  };
  const choose = (chosen: Language): void => {
    keepLanguage(chosen);
    setLanguage(chosen);
  };

  return (
    <Words.Provider value={words}>
      <Header words={words} language={language} onLanguage={choose} identity={identity} onSignOut={() => signOut(false)} />
      {identity === undefined ? (
        <SignIn isRefused={isRefused} onSignIn={signIn} />
      ) : (
        <Inside key={JSON.stringify(identity)} identity={identity} place={place} onRefused={() => signOut(true)} />
      )}
    </Words.Provider>
  );
}

function Inside({ identity, place, onRefused }: { identity: Identity; place: Place; onRefused: () => void }) {
  const { table } = place;
  if (table === undefined) return <Lobby />;
  return <TablePage key={table} identity={identity} place={{ ...place, table }} onRefused={onRefused} onLeave={() => goTo()} />;
}

interface HeaderProps {
  readonly words: Catalogue;
  readonly language: Language;
  onLanguage(language: Language): void;
  readonly identity: Identity | undefined;
  onSignOut(): void;
}

function Header({ words, language, onLanguage, identity, onSignOut }: HeaderProps) {
  return (
    <header class="top">
      <a class="brand" href="#lobby">
        <Die points={5} size="tiny" />
        <span>{words.title}</span>
      </a>
      <div class="top-end">
        {identity?.is === "user" && <span class="whoami">{words.player(BigInt(identity.user))}</span>}
        {languages
          .filter((other) => other !== language)
          .map((other) => (
            <button key={other} type="button" class="quiet" lang={other} onClick={() => onLanguage(other)}>
              {catalogues[other].name}
            </button>
          ))}
        {identity !== undefined && (
          <button type="button" class="quiet" onClick={onSignOut}>
            {words.signOut}
          </button>
        )}
      </div>
    </header>
  );
}

/** Follows the address, also where a login's link is opened in a tab that is at this page: that loads nothing anew. */
function usePlace(onToken: () => void): Place {
  const [place, setPlace] = useState(() => readPlace(location.hash));
  useEffect(() => {
    const windowOnHashChange = (): void => {
      if (takeToken(location.hash).token !== undefined) onToken();
      setPlace(readPlace(location.hash));
    };
    addEventListener("hashchange", windowOnHashChange);
    return () => removeEventListener("hashchange", windowOnHashChange);
  }, []);
  return place;
}

/** To a table, or to the lobby. */
function goTo(place: Place = { table: undefined, isWatching: false }): void {
  location.hash = fragmentOf(place);
}
