import "#clients/web/shared/base.css";
import { render } from "preact";
import { Playground } from "./playground.tsx";
import "./playground.css";

const page = document.getElementById("page");
if (page !== null) render(<Playground />, page);
