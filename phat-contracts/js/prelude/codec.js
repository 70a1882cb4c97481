// SCALE, as far as the executor's interface needs it. `pink.SCALE` is in scale.js.

import { encodeUtf8 } from "host";
import { concatenated, lossyText } from "./bytes.js";

export class Writer {
    #parts = [];

    raw(bytes) {
        this.#parts.push(bytes);
        return this;
    }

    u8(number) {
        return this.raw(Uint8Array.of(number));
    }

    /** An unsigned integer of so many bytes, little-endian. */
    unsigned(number, bytes) {
        const encoded = new Uint8Array(bytes);
        let rest = BigInt(number);
        for (let at = 0; at < bytes; at += 1) {
            encoded[at] = Number(rest & 0xffn);
            rest >>= 8n;
        }
        if (rest !== 0n) {
            throw new RangeError(`${number} takes more than ${bytes} bytes`);
        }
        return this.raw(encoded);
    }

    compact(number) {
        const value = BigInt(number);
        if (value < 0n) {
            throw new RangeError(`${number} is negative`);
        }
        if (value < 1n << 6n) {
            return this.u8(Number(value << 2n));
        }
        if (value < 1n << 14n) {
            return this.unsigned((value << 2n) | 1n, 2);
        }
        if (value < 1n << 30n) {
            return this.unsigned((value << 2n) | 2n, 4);
        }
        const bytes = Math.ceil(value.toString(16).length / 2);
        return this.u8(((bytes - 4) << 2) | 3).unsigned(value, bytes);
    }

    bytes(bytes) {
        return this.compact(bytes.length).raw(bytes);
    }

    text(text) {
        return this.bytes(encodeUtf8(text));
    }

    list(items, write) {
        this.compact(items.length);
        for (const item of items) {
            write(item, this);
        }
        return this;
    }

    finish() {
        return concatenated(this.#parts);
    }
}

export class Reader {
    #bytes;
    #at = 0;

    constructor(bytes) {
        this.#bytes = bytes;
    }

    get left() {
        return this.#bytes.length - this.#at;
    }

    /** The next bytes, without a copy. */
    raw(length) {
        if (length > this.left) {
            throw new RangeError(`SCALE ends ${length - this.left} bytes too early`);
        }
        this.#at += length;
        return this.#bytes.subarray(this.#at - length, this.#at);
    }

    u8() {
        return this.raw(1)[0];
    }

    u16() {
        const [low, high] = this.raw(2);
        return low | (high << 8);
    }

    /** An unsigned integer of so many bytes, as a bigint. */
    unsigned(bytes) {
        return this.raw(bytes).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
    }

    /** As bigint. */
    compact() {
        const first = this.u8();
        switch (first & 3) {
            case 0:
                return BigInt(first >> 2);
            case 1:
                return BigInt((first >> 2) | (this.u8() << 6));
            case 2: {
                const [second, third, fourth] = this.raw(3);
                return BigInt((first >> 2) + (second << 6) + (third << 14) + fourth * 2 ** 22);
            }
            default:
                return this.unsigned((first >> 2) + 4);
        }
    }

    length() {
        return Number(this.compact());
    }

    bytes() {
        return this.raw(this.length());
    }

    text() {
        return lossyText(this.bytes());
    }

    list(read) {
        return Array.from({ length: this.length() }, () => read(this));
    }

    end() {
        if (this.left > 0) {
            throw new RangeError(`${this.left} bytes of SCALE too many`);
        }
    }
}
