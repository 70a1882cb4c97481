// What answers: `deploy` and `call` get the contract's input and say what is returned, the flags in
// front; `failed` says what is returned instead where they threw.

import * as host from "host";
import { bytesOrHex, hex, viewed } from "./bytes.js";
import { Reader, Writer } from "./codec.js";
import { described, shown } from "./console.js";
import { log } from "./extension.js";
import { makeRequests } from "./fetch.js";
import "./globals.js";
import { setCapacity } from "./http.js";
import { OracleRequest } from "./request.js";
import { secrets } from "./secrets.js";
import { SettingsError, parseSettings } from "./settings.js";
import { runNext } from "./timers.js";

/** Where stacks say that a script is. */
const FILE = "script.js";
const SETTINGS_KEY = host.encodeUtf8("js/settings");
const CODE_KEY = host.encodeUtf8("js/code");

/** The longest text of an error that a consumer gets, in bytes. */
const MAX_ERROR_TEXT = 512;

/** Why there is no answer, as numbers that consumers can tell apart. */
const Code = { Threw: 0, NoOutput: 1, Limit: 2, Settings: 3, NeverSettles: 4 };

class Refused extends Error {
    name = "Refused";

    constructor(code, message) {
        super(message);
        this.code = code;
    }
}

const success = (writer) => new Writer().raw(Uint8Array.of(0, 0)).raw(writer.finish()).finish();
/** What ink! answers to an unknown selector, and to arguments that can't be decoded. */
const UNREADABLE = Uint8Array.of(1, 1, 1);

/** The bytecode of a script or module: whichever the text is. */
function compiled(source) {
    try {
        return host.compile(source, FILE, false);
    } catch (asScript) {
        if (!(asScript instanceof SyntaxError)) {
            throw asScript;
        }
        try {
            return host.compile(source, FILE, true);
        } catch (asModule) {
            throw /^\s*(?:import|export)\b/m.test(source) ? asModule : asScript;
        }
    }
}

/** Does what scripts wait for: all that goes on at once. Whether there was anything. */
const progressed = () => makeRequests() || runNext();

/** What a promise comes to, once all that it waits for was done. */
function settled(value) {
    const promise = Promise.resolve(value);
    for (;;) {
        host.runJobs();
        const state = host.settled(promise);
        if (state !== undefined) {
            const [isFulfilled, result] = state;
            if (!isFulfilled) {
                throw result;
            }
            return result;
        }
        if (!progressed()) {
            throw new Refused(Code.NeverSettles, "the script waits for something that never comes");
        }
    }
}

/** The bytes that a consumer gets. */
function output(value) {
    const bytes = typeof value === "string" && !value.startsWith("0x") ? host.encodeUtf8(value) : undefined;
    if (bytes !== undefined) {
        return bytes;
    }
    try {
        return bytesOrHex(value, "what main returns");
    } catch (error) {
        throw new Refused(Code.NoOutput, error.message);
    }
}

function answer(settings, request) {
    setCapacity(settings.responseBytes);
    const until = settings.timeoutMs === 0 ? 0 : Date.now() + settings.timeoutMs;
    host.limit(settings.heapBytes, until);
    globalThis.scriptArgs = [request.payloadHex];
    const [value, namespace] = host.run(host.read(CODE_KEY, settings.codeBytes));
    let main;
    if (namespace === undefined) {
        main = host.evaluate("typeof main === 'function' ? main : undefined", FILE);
    } else {
        settled(value);
        main = typeof namespace.default === "function" ? namespace.default : namespace.main;
    }
    if (typeof main !== "function") {
        throw new Refused(Code.NoOutput, "the script has no function main");
    }
    const result = settled(main(settings.request === "hex" ? request.payloadHex : request, secrets()));
    return success(new Writer().u8(0).bytes(output(result)));
}

/** The value of a script as the reference returns it: `Output::{String, Bytes, Undefined}`. */
function writeOutput(value, writer) {
    const bytes = viewed(value);
    if (bytes !== undefined) {
        return writer.u8(1).bytes(bytes);
    }
    return value === undefined ? writer.u8(2) : writer.u8(0).text(String(value));
}

/** The same as js_eval of the chain extension gives it: `JsValue::{Undefined, Null, String, Bytes, Other}`. */
function writeValue(value, writer) {
    const bytes = viewed(value);
    if (bytes !== undefined) {
        return writer.u8(3).bytes(bytes);
    }
    if (value === undefined || value === null) {
        return writer.u8(value === undefined ? 0 : 1);
    }
    return writer.u8(typeof value === "string" ? 2 : 4).text(String(value));
}

/** Runs codes one after the other, and what they left to be done; what the last one is, or `scriptOutput`. */
function evaluated(codes, scriptArgs) {
    globalThis.scriptArgs = scriptArgs;
    setCapacity(parseSettings("").responseBytes);
    let value;
    for (const run of codes) {
        value = settled(run());
    }
    do {
        host.runJobs();
    } while (progressed());
    return globalThis.scriptOutput === undefined ? value : globalThis.scriptOutput;
}

const source = (text) => () => host.evaluate(text, FILE);
const bytecode = (code) => () => host.run(code)[0];

/** `JsCode::{Source(String), Bytecode(Vec<u8>)}` */
function readCode(reader) {
    const kind = reader.u8();
    if (kind > 1) {
        throw new RangeError("no kind of code");
    }
    return kind === 0 ? source(reader.text()) : bytecode(reader.bytes());
}

/**
 * The messages of a contract without a script, by their selectors, each of which returns
 * `Result<_, String>`. Here each reads its arguments, and gives what answers.
 */
const MESSAGES = {
    // eval(js: String, args: Vec<String>) -> Output
    "0x49bfcd24": (reader) => evaluation([source(reader.text())], reader),
    // eval_bytecode(code: Vec<u8>, args: Vec<String>) -> Output
    "0xbf0ec203": (reader) => evaluation([bytecode(reader.bytes())], reader),
    // eval_all(codes: Vec<JsCode>, args: Vec<String>) -> Output
    "0x4375dc5e": (reader) => evaluation(reader.list(readCode), reader),
    // js_eval(codes: Vec<JsCode>, args: Vec<String>) -> JsValue
    "0xbfa5d882": (reader) => evaluation(reader.list(readCode), reader, writeValue),
    // compile(js: String) -> Vec<u8>
    "0xdaaebc55": (reader) => {
        const text = reader.text();
        return () => new Writer().bytes(host.compile(text, FILE, false));
    },
};
const HANDLE_REQUEST = "0x14ff6afa";
const NEW = "0x9bae9d5e";
const DEFAULT = "0xed4b9d1b";

function evaluation(codes, reader, write = writeOutput) {
    const args = reader.list((one) => one.text());
    return () => write(evaluated(codes, args), new Writer());
}

/** Whether a message's errors are texts alone, as the reference's are. */
let saysText = false;

function evaluate(selector, reader) {
    const message = Object.hasOwn(MESSAGES, selector) ? MESSAGES[selector] : undefined;
    const answer = readable(() => {
        const read = message(reader);
        reader.end();
        return read;
    });
    if (answer === undefined) {
        return UNREADABLE;
    }
    saysText = true;
    return success(new Writer().u8(0).raw(answer().finish()));
}

/** What `read` reads; undefined where it can't. */
function readable(read) {
    try {
        return read();
    } catch {
        return undefined;
    }
}

/** Leaves at most so many bytes of a text, and whole characters. */
function clipped(text, most) {
    const bytes = host.encodeUtf8(text);
    let end = Math.min(bytes.length, most);
    while (end < bytes.length && (bytes[end] & 0xc0) === 0x80) {
        end -= 1;
    }
    return bytes.subarray(0, end);
}

function whatHappened(error, wasStopped) {
    if (wasStopped) {
        return [Code.Limit, "the script took longer than its timeoutMs"];
    }
    if (error instanceof Refused) {
        return [error.code, error.message];
    }
    if (error instanceof SettingsError) {
        return [Code.Settings, error.message];
    }
    // Where there is no memory even for the error, the engine throws null.
    if (error === null || (error instanceof InternalError && error.message === "out of memory")) {
        return [Code.Limit, error === null ? "out of memory" : described(error)];
    }
    return [Code.Threw, error instanceof Error ? described(error) : shown(error)];
}

export default {
    /** `new(settings)`, or the reference's `default()`. */
    deploy(input) {
        const reader = new Reader(input);
        const given = readable(() => {
            const selector = hex(reader.raw(4));
            const isEmpty = selector === DEFAULT || (selector === NEW && reader.left === 0);
            const json = isEmpty ? "" : selector === NEW ? reader.text() : undefined;
            reader.end();
            return json;
        });
        if (given === undefined) {
            return UNREADABLE;
        }
        const { script, ...settings } = parseSettings(given);
        if (script !== undefined) {
            const code = compiled(script);
            host.write(CODE_KEY, code);
            host.write(SETTINGS_KEY, host.encodeUtf8(JSON.stringify({ ...settings, codeBytes: code.length })));
        }
        return success(new Writer().u8(0));
    },

    /** `handle_request` where there is a script, the reference's messages where there is none. */
    call(input, stored) {
        const reader = new Reader(input);
        const selector = readable(() => hex(reader.raw(4)));
        if (stored === undefined) {
            return evaluate(selector, reader);
        }
        if (selector !== HANDLE_REQUEST) {
            return UNREADABLE;
        }
        const request = readable(() => new OracleRequest(reader));
        return request === undefined ? UNREADABLE : answer(JSON.parse(host.decodeUtf8(stored)), request);
    },

    /** What is returned where one of these two threw, or was stopped. */
    failed(error, wasStopped) {
        const [code, text] = whatHappened(error, wasStopped);
        log(1, text);
        const writer = new Writer().raw(Uint8Array.of(1, 0, 1));
        return (saysText ? writer.text(text) : writer.u8(code).bytes(clipped(text, MAX_ERROR_TEXT))).finish();
    },
};
