// URL and URLSearchParams (WHATWG URL) for schemes with a host. Host names are ASCII: one in another
// script is given as its xn-- form. What an address means is for the executor to judge.

import { encodeUtf8 } from "host";
import { lossyText } from "./bytes.js";

const PORTS = { "http:": "80", "https:": "443", "ws:": "80", "wss:": "443", "ftp:": "21" };
/** What the standard percent-encodes, beside controls and what is not ASCII. */
const IN_PATH = /[ "#<>?`{}^]/;
const IN_QUERY = /[ "#<>']/;
const IN_FRAGMENT = /[ "<>`]/;
const IN_USERINFO = /[ "#<>?`{}/:;=@[\\\]^|]/;
const HOST = /^(?:[a-z0-9._~!$&'()*+,;=-]+|\[[0-9a-f:.]+\])$/;

const escaped = (character) =>
    Array.from(encodeUtf8(character), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");

function encoded(text, set) {
    return text.replace(/[^!-~]|[ "#'/:;<=>?@[\\\]^`{|}]/gu, (character) =>
        /[^!-~]/u.test(character) || set.test(character) ? escaped(character) : character,
    );
}

const invalid = (text) => new TypeError(`not a URL: ${text}`);

/** A path without `.` and `..`. */
function normalized(path) {
    const kept = [];
    const segments = path.split("/").slice(1);
    segments.forEach((segment, index) => {
        const name = segment.replace(/%2e/gi, ".");
        const isLast = index === segments.length - 1;
        if (name === "..") {
            kept.pop();
        } else if (name !== ".") {
            kept.push(segment);
        }
        if (isLast && (name === ".." || name === ".")) {
            kept.push("");
        }
    });
    return `/${kept.join("/")}`;
}

function parseHost(text, whole) {
    let host;
    try {
        host = decodeURIComponent(text).toLowerCase();
    } catch {
        throw invalid(whole);
    }
    if (!HOST.test(host)) {
        throw invalid(whole);
    }
    return host;
}

function parsePort(text, protocol, whole) {
    if (text === undefined || text === "") {
        return "";
    }
    const port = Number(text);
    if (port > 65_535) {
        throw invalid(whole);
    }
    return String(port) === PORTS[protocol] ? "" : String(port);
}

/** The parts of an absolute URL. */
function parse(text) {
    const match = /^([a-z][a-z0-9+.-]*:)[/\\]{2}([^/\\?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/is.exec(text);
    if (match === null) {
        throw invalid(text);
    }
    const [, scheme, authority, path, search = "", hash = ""] = match;
    const protocol = scheme.toLowerCase();
    if (!(protocol in PORTS)) {
        throw invalid(text);
    }
    const at = authority.lastIndexOf("@");
    const [, user = "", , password = ""] = /^([^:]*)(:(.*))?$/s.exec(authority.slice(0, Math.max(at, 0)));
    const address = /^(\[[^\]]*\]|[^:]*)(?::([0-9]*))?$/.exec(authority.slice(at + 1));
    if (address === null) {
        throw invalid(text);
    }
    return {
        protocol,
        username: encoded(user, IN_USERINFO),
        password: encoded(password, IN_USERINFO),
        hostname: parseHost(address[1], text),
        port: parsePort(address[2], protocol, text),
        pathname: normalized(encoded(path.replaceAll("\\", "/") || "/", IN_PATH)),
        search: search.length > 1 ? encoded(search, IN_QUERY) : "",
        hash: hash.length > 1 ? encoded(hash, IN_FRAGMENT) : "",
    };
}

/** An absolute URL from one that is relative to `base`. */
function resolved(text, base) {
    if (/^[a-z][a-z0-9+.-]*:/i.test(text)) {
        return text;
    }
    const site = `${base.protocol}//${base.authority}`;
    if (/^[/\\]{2}/.test(text)) {
        return `${base.protocol}${text}`;
    }
    if (/^[/\\]/.test(text)) {
        return `${site}${text}`;
    }
    if (text === "" || text.startsWith("#")) {
        return `${site}${base.pathname}${base.search}${text}`;
    }
    if (text.startsWith("?")) {
        return `${site}${base.pathname}${text}`;
    }
    return `${site}${base.pathname.replace(/[^/]*$/, "")}${text}`;
}

export class URL {
    #parts;
    #parameters;

    constructor(url, base) {
        const text = String(url).trim().replace(/[\t\n\r]/g, "");
        this.#parts = parse(base === undefined ? text : resolved(text, new URL(base).#facts()));
        this.#parameters = new URLSearchParams(this.#parts.search);
        URLSearchParams.follow(this.#parameters, (search) => {
            this.#parts.search = search === "" ? "" : `?${search}`;
        });
    }

    #facts() {
        const { username, password } = this.#parts;
        const user = username === "" && password === "" ? "" : `${username}${password && `:${password}`}@`;
        return { ...this.#parts, authority: `${user}${this.host}` };
    }

    static canParse(url, base) {
        return URL.parse(url, base) !== null;
    }

    static parse(url, base) {
        try {
            return new URL(url, base);
        } catch {
            return null;
        }
    }

    get href() {
        const { protocol, authority, pathname, search, hash } = this.#facts();
        return `${protocol}//${authority}${pathname}${search}${hash}`;
    }

    set href(text) {
        this.#parts = parse(String(text));
        URLSearchParams.reset(this.#parameters, this.#parts.search);
    }

    get origin() {
        return `${this.#parts.protocol}//${this.host}`;
    }

    get protocol() {
        return this.#parts.protocol;
    }

    get username() {
        return this.#parts.username;
    }

    get password() {
        return this.#parts.password;
    }

    get host() {
        const { hostname, port } = this.#parts;
        return port === "" ? hostname : `${hostname}:${port}`;
    }

    get hostname() {
        return this.#parts.hostname;
    }

    set hostname(text) {
        this.#parts.hostname = parseHost(String(text), text);
    }

    get port() {
        return this.#parts.port;
    }

    set port(text) {
        if (/^[0-9]*$/.test(String(text))) {
            this.#parts.port = parsePort(String(text), this.#parts.protocol, text);
        }
    }

    get pathname() {
        return this.#parts.pathname;
    }

    set pathname(text) {
        const path = String(text).replaceAll("\\", "/");
        this.#parts.pathname = normalized(encoded(path.startsWith("/") ? path : `/${path}`, IN_PATH));
    }

    get search() {
        return this.#parts.search;
    }

    set search(text) {
        const search = String(text).replace(/^\?/, "");
        this.#parts.search = search === "" ? "" : `?${encoded(search, IN_QUERY)}`;
        URLSearchParams.reset(this.#parameters, this.#parts.search);
    }

    get searchParams() {
        return this.#parameters;
    }

    get hash() {
        return this.#parts.hash;
    }

    set hash(text) {
        const hash = String(text).replace(/^#/, "");
        this.#parts.hash = hash === "" ? "" : `#${encoded(hash, IN_FRAGMENT)}`;
    }

    toString() {
        return this.href;
    }

    toJSON() {
        return this.href;
    }
}

/** As forms are encoded: `+` is a space, and what is no UTF-8 is replaced. */
function decodedForm(text) {
    const bytes = encodeUtf8(text.replaceAll("+", " "));
    const plain = [];
    for (let at = 0; at < bytes.length; at += 1) {
        const digits = String.fromCharCode(...bytes.subarray(at + 1, at + 3));
        if (bytes[at] === 0x25 && /^[0-9a-f]{2}$/i.test(digits)) {
            plain.push(Number.parseInt(digits, 16));
            at += 2;
        } else {
            plain.push(bytes[at]);
        }
    }
    return lossyText(Uint8Array.from(plain));
}

const encodedForm = (text) =>
    text.replace(/[^A-Za-z0-9*._-]/gu, (character) => (character === " " ? "+" : escaped(character)));

function pairsOf(init) {
    if (typeof init === "object" && init !== null) {
        const pairs = Symbol.iterator in init ? [...init] : Object.entries(init);
        return pairs.map(([name, value]) => [String(name), String(value)]);
    }
    const parts = String(init).replace(/^\?/, "").split("&");
    return parts
        .filter((part) => part !== "")
        .map((part) => {
            const at = part.indexOf("=");
            const [name, value] = at < 0 ? [part, ""] : [part.slice(0, at), part.slice(at + 1)];
            return [decodedForm(name), decodedForm(value)];
        });
}

export class URLSearchParams {
    #pairs;
    #changed = () => {};

    constructor(init = "") {
        this.#pairs = pairsOf(init);
    }

    /** Has a URL follow its parameters. */
    static follow(parameters, changed) {
        parameters.#changed = changed;
    }

    /** Has parameters follow their URL. */
    static reset(parameters, search) {
        parameters.#pairs = pairsOf(search);
    }

    #update(pairs) {
        this.#pairs = pairs;
        this.#changed(this.toString());
    }

    get size() {
        return this.#pairs.length;
    }

    append(name, value) {
        this.#update([...this.#pairs, [String(name), String(value)]]);
    }

    delete(name, value) {
        const gone = ([other, its]) => other === String(name) && (value === undefined || its === String(value));
        this.#update(this.#pairs.filter((pair) => !gone(pair)));
    }

    get(name) {
        return this.#pairs.find(([other]) => other === String(name))?.[1] ?? null;
    }

    getAll(name) {
        return this.#pairs.filter(([other]) => other === String(name)).map(([, value]) => value);
    }

    has(name, value) {
        return this.#pairs.some(
            ([other, its]) => other === String(name) && (value === undefined || its === String(value)),
        );
    }

    set(name, value) {
        const first = this.#pairs.findIndex(([other]) => other === String(name));
        if (first < 0) {
            this.append(name, value);
            return;
        }
        const kept = this.#pairs.filter(([other], index) => index <= first || other !== String(name));
        kept[first] = [String(name), String(value)];
        this.#update(kept);
    }

    sort() {
        this.#update(this.#pairs.toSorted(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)));
    }

    forEach(callback, self) {
        for (const [name, value] of this.#pairs) {
            callback.call(self, value, name, this);
        }
    }

    entries() {
        return this.#pairs.map((pair) => [...pair]).values();
    }

    keys() {
        return this.#pairs.map(([name]) => name).values();
    }

    values() {
        return this.#pairs.map(([, value]) => value).values();
    }

    [Symbol.iterator]() {
        return this.entries();
    }

    toString() {
        return this.#pairs.map(([name, value]) => `${encodedForm(name)}=${encodedForm(value)}`).join("&");
    }
}
