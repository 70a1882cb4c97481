// crypto (W3C Web Cryptography), of which digests and random numbers are here.

import { keccak256, sha256 } from "host";
import { viewed } from "./bytes.js";
import { random } from "./extension.js";

const DIGESTS = { "SHA-256": sha256, "KECCAK-256": keccak256 };

/** The longest array that is filled with random numbers, in bytes, as the standard has it. */
const QUOTA = 65_536;
const AT_ONCE = 255;

function filled(bytes) {
    for (let at = 0; at < bytes.length; at += AT_ONCE) {
        const part = random(Math.min(AT_ONCE, bytes.length - at));
        if (part.length === 0) {
            throw new Error("a transaction has no randomness");
        }
        bytes.set(part, at);
    }
}

const subtle = {
    async digest(algorithm, data) {
        const name = String(algorithm?.name ?? algorithm).toUpperCase();
        const digest = Object.hasOwn(DIGESTS, name) ? DIGESTS[name] : undefined;
        if (digest === undefined) {
            throw new DOMException(`no digest ${name}: SHA-256 or KECCAK-256`, "NotSupportedError");
        }
        const bytes = viewed(data);
        if (bytes === undefined) {
            throw new TypeError("a digest is of an ArrayBuffer or of a view of one");
        }
        return digest(bytes).buffer;
    },
};

export const crypto = {
    subtle,

    getRandomValues(array) {
        const bytes = ArrayBuffer.isView(array) ? viewed(array) : undefined;
        if (bytes === undefined || array instanceof Float32Array || array instanceof Float64Array) {
            throw new TypeError("random values are those of a typed array of integers");
        }
        if (bytes.length > QUOTA) {
            throw new DOMException(`more than ${QUOTA} bytes`, "QuotaExceededError");
        }
        filled(bytes);
        return array;
    },

    /** A version 4 UUID (RFC 9562). */
    randomUUID() {
        const bytes = new Uint8Array(16);
        filled(bytes);
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    },
};
