/** Asks before something is done that others notice. What has gone wrong stays in it, for whoever wants to try again. */
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { troubleIn } from "./trouble.ts";

interface Props {
  readonly title: string;
  /** What the button says that does it. */
  readonly action: string;
  readonly children?: ComponentChildren;
  /** Gets what is in the form. */
  readonly onAct: (form: FormData) => Promise<void>;
  readonly onClose: () => void;
}

export function Dialog({ title, action, children, onAct, onClose }: Props): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const [trouble, setTrouble] = useState("");
  const [isBusy, setBusy] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const onSubmit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      await onAct(new FormData(event.currentTarget as HTMLFormElement));
      dialog.current?.close(); // which gives the focus back, and does nothing where somebody has closed it meanwhile
    } catch (thrown) {
      setTrouble(troubleIn(thrown));
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={onClose}>
      <form onSubmit={onSubmit}>
        <h2 id="dialog-title">{title}</h2>
        {children}
        <p role="alert" class="trouble">
          {trouble}
        </p>
        <p class="actions">
          <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={isBusy}>
            {action}
          </button>
        </p>
      </form>
    </dialog>
  );
}
