// HTTP requests of a contract, answered by its test.

import { Writer } from "./scale.js";

const UNREACHABLE = 523;
const LATE = 524;
/** Failures of requests in a batch, by the host's numbers. */
const DENIED = 6;
const NETWORK = 8;
const TIMED_OUT = 5;
const TOO_MANY = 7;
const TOO_LONG = 9;
const MAX_BATCH = 5;

function readRequest(reader) {
    const [url, method] = [reader.text(), reader.text()];
    const headers = reader.list(() => [reader.text(), reader.text()]);
    return { url, method, headers: Object.fromEntries(headers), body: reader.bytes().slice() };
}

/** What a test's answer becomes: a text is a body, what is neither text nor bytes is JSON. */
function response({ status = 200, statusText = "", headers = {}, body = "" }) {
    const isBytes = body instanceof Uint8Array;
    const content = isBytes ? body : new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
    return { status, statusText, headers: Object.entries(headers), body: content };
}

const failed = (status, reason) => response({ status, body: reason });

/** The answer to a request; undefined where it may not go there. */
function fetched({ http, requests, origins }, request) {
    if (origins !== undefined && !origins.includes(new URL(request.url).origin)) {
        return undefined;
    }
    requests.push(request);
    const given = typeof http === "function" ? http(request) : Object.hasOwn(http, request.url) ? http[request.url] : undefined;
    return given === undefined ? failed(UNREACHABLE, `the test answers nothing at ${request.url}`) : response(given);
}

function encoded({ status, statusText, headers, body }) {
    const writer = new Writer().u16(status).text(statusText);
    return writer.list(headers, ([name, value]) => writer.text(name).text(value)).bytes(body).finish();
}

/** The answer to one request, in a buffer of so many bytes. */
export function answered(world, reader, room) {
    const answer = fetched(world, readRequest(reader));
    if (answer === undefined) {
        return encoded(failed(UNREACHABLE, "not an origin of the secrets that this run has read"));
    }
    const bytes = encoded(answer);
    const tooLong = `the response takes ${bytes.length} bytes, and the contract's buffer ${room}`;
    return bytes.length <= room ? bytes : encoded(failed(LATE, tooLong));
}

/** The answers to several requests, in a buffer of so many bytes: the longest gives way first. */
export function batchAnswered(world, reader, room) {
    const several = reader.list(readRequest);
    const ok = (answer) => new Writer().u8(0).raw(encoded(answer)).finish();
    const failure = (number) => Uint8Array.of(1, number);
    const results = several.map((request) => {
        const answer = several.length > MAX_BATCH ? TOO_MANY : (fetched(world, request) ?? DENIED);
        const refused = { [UNREACHABLE]: NETWORK, [LATE]: TIMED_OUT }[answer.status];
        return typeof answer === "number" ? failure(answer) : refused === undefined ? ok(answer) : failure(refused);
    });
    while (results.reduce((total, result) => total + result.length, 1) > room) {
        const longest = results.reduce((most, result, at) => (result.length > results[most].length ? at : most), 0);
        if (results[longest].length <= 2) {
            break;
        }
        results[longest] = failure(TOO_LONG);
    }
    return new Writer().list(results, (result, writer) => writer.raw(result)).finish();
}
