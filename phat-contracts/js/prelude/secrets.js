// The secrets that the contract's owner gave it, as `main`'s second argument.

import { decodeUtf8, extension } from "host";
import { Reader, Writer } from "./codec.js";

/** Functions of the chain extension `phat` (docs/guest-abi.md). */
const SECRET = 0x1_0001;
const SECRET_NAMES = 0x1_0002;

/** What a function answers whose result the buffer can't hold. */
const TOO_SMALL = 1;
const MOST = 1024 * 1024;

function ask(id, input) {
    for (let capacity = 1024; capacity <= MOST; capacity *= 4) {
        const answer = extension(id, input, capacity);
        if (answer !== TOO_SMALL) {
            return new Reader(answer);
        }
    }
    throw new RangeError("the secrets are too long");
}

/** A text where the secret is UTF-8, bytes where it isn't. */
function read(name) {
    const reader = ask(SECRET, new Writer().text(name).finish());
    if (reader.u8() === 0) {
        return undefined;
    }
    const bytes = reader.bytes();
    return decodeUtf8(bytes) ?? bytes.slice();
}

/**
 * An object with a property for each secret. A secret is read from the executor when its property is,
 * and binds the run's requests to its origins from then on.
 */
export function secrets() {
    const names = ask(SECRET_NAMES, new Uint8Array()).list((reader) => reader.text());
    const object = Object.create(null);
    for (const name of names) {
        let value;
        const get = () => (value ??= read(name));
        Object.defineProperty(object, name, { get, enumerable: true });
    }
    return Object.freeze(object);
}
