// What a script finds beside the language itself. The engine brings atob, btoa, queueMicrotask,
// performance and DOMException.

import { random } from "host";
import { abi } from "./abi.js";
import { console } from "./console.js";
import { crypto } from "./crypto.js";
import { TextDecoder, TextEncoder } from "./encoding.js";
import { Request, Response, fetch } from "./fetch.js";
import { Headers } from "./headers.js";
import { pink } from "./pink.js";
import { clearTimeout, setTimeout } from "./timers.js";
import { URL, URLSearchParams } from "./url.js";

const GLOBALS = {
    Headers,
    Request,
    Response,
    TextDecoder,
    TextEncoder,
    URL,
    URLSearchParams,
    clearTimeout,
    console,
    crypto,
    fetch,
    pink: { ...pink, abi },
    scriptArgs: [],
    setTimeout,
};

function define(object, name, value) {
    Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
}

for (const [name, value] of Object.entries(GLOBALS)) {
    define(globalThis, name, value);
}
define(Math, "random", () => random());
