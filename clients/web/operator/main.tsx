/**
 * The operator's page, on the admin listener of every process: the fleet, its rooms and
 * sessions, a drain room by room. It asks the same API as `croupier`, with the same client.
 */
import "#clients/web/shared/base.css";
import "./operator.css";
import { render } from "preact";
import { App } from "./app.tsx";

const page = document.getElementById("page");
if (page !== null) render(<App />, page);
