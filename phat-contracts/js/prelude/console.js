// console, which writes to the run's log.

import { log } from "./extension.js";
import { hex, viewed } from "./bytes.js";

/** Objects deeper than this are shortened. */
const DEPTH = 4;

/** A value as a person reads it. */
export function shown(value, depth = 0, within = []) {
    if (typeof value === "string") {
        return depth === 0 ? value : JSON.stringify(value);
    }
    if (typeof value === "bigint") {
        return `${value}n`;
    }
    if (typeof value === "function") {
        return `[function ${value.name || "without a name"}]`;
    }
    if (typeof value !== "object" || value === null) {
        return Object.is(value, -0) ? "-0" : String(value);
    }
    if (value instanceof Error) {
        return described(value);
    }
    if (within.includes(value)) {
        return "[itself]";
    }
    return compound(value, depth, [...within, value]);
}

function compound(value, depth, within) {
    const bytes = value instanceof Uint8Array || value instanceof ArrayBuffer ? viewed(value) : undefined;
    if (bytes !== undefined) {
        return bytes.length <= 256 ? hex(bytes) : `${hex(bytes.subarray(0, 256))}... (${bytes.length} bytes)`;
    }
    if (value instanceof Date) {
        return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
    }
    if (value instanceof RegExp) {
        return String(value);
    }
    if (depth >= DEPTH) {
        return Array.isArray(value) ? "[...]" : "{...}";
    }
    const inner = (item) => shown(item, depth + 1, within);
    if (Array.isArray(value) || ArrayBuffer.isView(value)) {
        return `[${Array.from(value, inner).join(", ")}]`;
    }
    if (value instanceof Map) {
        return `Map {${Array.from(value, ([key, item]) => `${inner(key)} => ${inner(item)}`).join(", ")}}`;
    }
    if (value instanceof Set) {
        return `Set {${Array.from(value, inner).join(", ")}}`;
    }
    const fields = Object.entries(value).map(([name, item]) => `${name}: ${inner(item)}`);
    return `{${fields.join(", ")}}`;
}

/** An error with where it was thrown. */
export function described(error) {
    const cause = error.cause === undefined ? "" : `\ncaused by ${shown(error.cause)}`;
    const stack = typeof error.stack === "string" ? error.stack.trimEnd() : "";
    return `${error}${stack === "" ? "" : `\n${stack}`}${cause}`;
}

const at =
    (level) =>
    (...values) =>
        log(level, values.map((value) => shown(value)).join(" "));

export const console = {
    error: at(1),
    warn: at(2),
    log: at(3),
    info: at(3),
    debug: at(4),
    trace: at(5),
    assert(condition, ...values) {
        if (!condition) {
            console.error("assertion failed:", ...values);
        }
    },
};
