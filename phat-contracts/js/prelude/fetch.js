// fetch (WHATWG Fetch), as far as a host that waits for whole responses can offer it. Requests that
// wait together are made together: `Promise.all([fetch(a), fetch(b)])` takes as long as the slower.

import { encodeUtf8 } from "host";
import { lossyText, viewed } from "./bytes.js";
import { Headers } from "./headers.js";
import * as http from "./http.js";
import { URLSearchParams } from "./url.js";

/** Those that nobody has answered yet, with what settles their promises. */
let waiting = [];

/** What a body is on the wire, and the type that it has where no header says another. */
function bodyOf(body) {
    if (body === undefined || body === null) {
        return [new Uint8Array(), undefined];
    }
    if (body instanceof URLSearchParams) {
        return [encodeUtf8(String(body)), "application/x-www-form-urlencoded;charset=UTF-8"];
    }
    const bytes = viewed(body);
    return bytes === undefined ? [encodeUtf8(String(body)), "text/plain;charset=UTF-8"] : [bytes.slice(), undefined];
}

class Body {
    #bytes;
    #used = false;

    constructor(bytes) {
        this.#bytes = bytes;
    }

    get bodyUsed() {
        return this.#used;
    }

    #take() {
        if (this.#used) {
            throw new TypeError("the body was read already");
        }
        this.#used = true;
        return this.#bytes;
    }

    async arrayBuffer() {
        return (await this.bytes()).buffer;
    }

    async bytes() {
        return this.#take().slice();
    }

    async text() {
        const text = lossyText(this.#take());
        return text.startsWith("\ufeff") ? text.slice(1) : text;
    }

    async json() {
        return JSON.parse(await this.text());
    }

    /** What the body was made of, for `clone`. */
    static unused(body) {
        if (body.#used) {
            throw new TypeError("the body was read already");
        }
        return body.#bytes;
    }
}

export class Request extends Body {
    constructor(input, init = {}) {
        const from = input instanceof Request ? input : undefined;
        const method = String(init.method ?? from?.method ?? "GET");
        const standard = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"].find(
            (name) => name === method.toUpperCase(),
        );
        const [bytes, type] = init.body === undefined && from ? [Body.unused(from)] : bodyOf(init.body);
        super(bytes);
        this.method = standard ?? method;
        if (bytes.length > 0 && (this.method === "GET" || this.method === "HEAD")) {
            throw new TypeError(`a ${this.method} request has no body`);
        }
        this.url = from ? from.url : String(input);
        this.headers = new Headers(init.headers ?? from?.headers ?? []);
        if (type !== undefined && !this.headers.has("content-type")) {
            this.headers.set("content-type", type);
        }
    }

    clone() {
        return new Request(this);
    }
}

export class Response extends Body {
    constructor(body = null, { status = 200, statusText = "", headers = [], url = "" } = {}) {
        const [bytes, type] = bodyOf(body);
        super(bytes);
        this.status = status;
        this.statusText = statusText;
        this.headers = new Headers(headers);
        this.url = url;
        if (type !== undefined && !this.headers.has("content-type")) {
            this.headers.set("content-type", type);
        }
    }

    get ok() {
        return this.status >= 200 && this.status < 300;
    }

    clone() {
        return new Response(Body.unused(this), this);
    }

    static json(value, init) {
        const response = new Response(JSON.stringify(value), init);
        response.headers.set("content-type", "application/json");
        return response;
    }
}

/** The promise of a response; it is rejected where there is none, whatever the reason. */
export function fetch(input, init) {
    return new Promise((resolve, reject) => {
        const request = new Request(input, init);
        waiting.push({ request, resolve, reject });
    });
}

function toHost(request) {
    return {
        url: request.url,
        method: request.method,
        headers: [...request.headers],
        body: Body.unused(request),
    };
}

function settle({ request, resolve, reject }, answer) {
    const failure = typeof answer === "string" ? answer : http.unanswered(answer);
    if (failure === undefined) {
        const { status, statusText, headers, body } = answer;
        resolve(new Response(body, { status, statusText, headers, url: request.url }));
    } else {
        reject(new TypeError(`fetch of ${request.url} failed: ${failure}`));
    }
}

/** Makes the requests that wait, as many as the host makes at once; says whether there were any. */
export function makeRequests() {
    const some = waiting.splice(0, http.BATCH);
    if (some.length === 1) {
        settle(some[0], http.request(toHost(some[0].request)));
    } else if (some.length > 1) {
        const answers = http.requests(
            some.map(({ request }) => toHost(request)),
            0xffff_ffff,
        );
        some.forEach((one, index) => settle(one, answers[index]));
    }
    return some.length > 0;
}
