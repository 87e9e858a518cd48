import { render } from "preact";

import { ApiClient } from "./api/client";
import { App } from "./app";
import "./style/base.css";
import "./style/controls.css";
import "./style/pages.css";
import "./style/output.css";

const root = document.getElementById("app");
if (!root) throw new Error("index.html has no #app");
render(<App client={new ApiClient()} />, root);
