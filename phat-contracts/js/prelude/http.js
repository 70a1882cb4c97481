// HTTP as the executor offers it: one request, or several at once. The run waits.

import { extension } from "host";
import { bytesOrText, lossyText } from "./bytes.js";
import { Reader, Writer } from "./codec.js";

const HTTP_REQUEST = 1;
const BATCH_HTTP_REQUEST = 22;

/** The statuses that the host answers where there was no response; the reason is the body. */
const UNREACHABLE = 523;
const LATE = 524;

/** Why a request of a batch failed, by the host's numbers. */
const FAILURES = [
    "not a URL",
    "not a method",
    "not a header's name",
    "not a header's value",
    "no client",
    "timed out",
    "not allowed",
    "too many requests at once",
    "unreachable",
    "the response is too large",
    "too many headers",
];

/** How many requests the host makes at once. */
export const BATCH = 5;

/** The room for one answer, or for one batch's answers together, in bytes. */
let capacity = 0;

export function setCapacity(bytes) {
    capacity = bytes;
}

/**
 * A request to be sent. `headers` are pairs of name and value, `body` bytes.
 * @typedef {{ url: string, method: string, headers: [string, string][], body: Uint8Array }} Request
 */

function write(request, writer) {
    writer.text(request.url).text(request.method);
    writer.list(request.headers, ([name, value]) => writer.text(name).text(value));
    return writer.bytes(request.body);
}

function read(reader) {
    return {
        status: reader.u16(),
        statusText: reader.text(),
        headers: reader.list(() => [reader.text(), reader.text()]),
        body: reader.bytes(),
    };
}

/** Makes one request, and answers with what the host says: perhaps 523 or 524, and why. */
export function request(one) {
    return read(new Reader(extension(HTTP_REQUEST, write(one, new Writer()).finish(), capacity)));
}

/** Makes at most `BATCH` requests at once. Each answer is a response, or a text: why there is none. */
export function requests(several, timeoutMs) {
    const input = new Writer().list(several, write).unsigned(timeoutMs, 8).finish();
    const answer = extension(BATCH_HTTP_REQUEST, input, capacity);
    if (typeof answer === "number") {
        return several.map(() => failure(answer - 1));
    }
    return new Reader(answer).list((reader) => (reader.u8() === 0 ? read(reader) : failure(reader.u8())));
}

const failure = (number) => FAILURES[number] ?? `failure ${number}`;

/** Why there was no response; undefined where there was one. */
export function unanswered(response) {
    const failed = response.status === UNREACHABLE || response.status === LATE;
    return failed ? lossyText(response.body) || response.statusText : undefined;
}

const MAX_TIMEOUT = 0xffff_ffff;

function fromArguments({ url, method = "GET", headers = {}, body = "" }) {
    const pairs = Object.entries(headers).map(([name, value]) => [name, String(value)]);
    return { url: String(url), method: String(method), headers: pairs, body: bytesOrText(body, "body") };
}

function toResult({ status, statusText, headers, body }, returnTextBody) {
    return {
        statusCode: status,
        reasonPhrase: statusText,
        headers: Object.fromEntries(headers),
        body: returnTextBody ? lossyText(body) : body.slice(),
    };
}

/** `pink.httpRequest` */
export function httpRequest(arguments_) {
    return toResult(request(fromArguments(arguments_)), arguments_.returnTextBody);
}

/** `pink.batchHttpRequest` */
export function batchHttpRequest(list, timeoutMs = MAX_TIMEOUT) {
    const answers = requests(list.map(fromArguments), timeoutMs);
    return answers.map((answer, index) => {
        if (typeof answer !== "string") {
            return toResult(answer, list[index].returnTextBody);
        }
        const body = list[index].returnTextBody ? "" : new Uint8Array();
        return { statusCode: LATE, reasonPhrase: answer, headers: {}, body, error: answer };
    });
}
