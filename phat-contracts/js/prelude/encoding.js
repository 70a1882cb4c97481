// TextEncoder and TextDecoder, for UTF-8 alone (WHATWG Encoding).

import { decodeUtf8, encodeUtf8 } from "host";
import { lossyText, viewed } from "./bytes.js";

export class TextEncoder {
    get encoding() {
        return "utf-8";
    }

    encode(text = "") {
        return encodeUtf8(text);
    }

    encodeInto(text, target) {
        let [read, written] = [0, 0];
        for (const character of String(text)) {
            const bytes = encodeUtf8(character);
            if (written + bytes.length > target.length) {
                break;
            }
            target.set(bytes, written);
            read += character.length;
            written += bytes.length;
        }
        return { read, written };
    }
}

export class TextDecoder {
    #fatal;
    #ignoreBom;

    constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
        if (!["utf-8", "utf8", "unicode-1-1-utf-8"].includes(String(label).trim().toLowerCase())) {
            throw new RangeError(`TextDecoder knows utf-8 alone, not ${label}`);
        }
        this.#fatal = Boolean(fatal);
        this.#ignoreBom = Boolean(ignoreBOM);
    }

    get encoding() {
        return "utf-8";
    }

    get fatal() {
        return this.#fatal;
    }

    get ignoreBOM() {
        return this.#ignoreBom;
    }

    decode(data = new Uint8Array(), { stream = false } = {}) {
        if (stream) {
            throw new TypeError("TextDecoder decodes whole texts, not streams");
        }
        const bytes = viewed(data);
        if (bytes === undefined) {
            throw new TypeError("TextDecoder decodes an ArrayBuffer or a view of one");
        }
        const text = this.#fatal ? decodeUtf8(bytes) : lossyText(bytes);
        if (text === undefined) {
            throw new TypeError("not UTF-8");
        }
        return !this.#ignoreBom && text.startsWith("\ufeff") ? text.slice(1) : text;
    }
}
