// The SCALE encoding, as far as the engine's host needs it.

export class Writer {
    #parts = [];

    raw(bytes) {
        this.#parts.push(Uint8Array.from(bytes));
        return this;
    }

    u8(value) {
        return this.raw([value]);
    }

    u16(value) {
        return this.raw([value & 0xff, value >> 8]);
    }

    u64(value) {
        const bytes = new Uint8Array(8);
        new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
        return this.raw(bytes);
    }

    /** A length, as a compact integer below 2^30. */
    compact(value) {
        const number = value * 4;
        if (value < 64) {
            return this.u8(number);
        }
        return value < 16384 ? this.u16(number + 1) : this.u16((number + 2) & 0xffff).u16(Math.floor(number / 65536));
    }

    bytes(value) {
        return this.compact(value.length).raw(value);
    }

    text(value) {
        return this.bytes(new TextEncoder().encode(value));
    }

    list(values, write) {
        this.compact(values.length);
        values.forEach((value) => write(value, this));
        return this;
    }

    finish() {
        return Uint8Array.from(this.#parts.flatMap((part) => Array.from(part)));
    }
}

export class Reader {
    #bytes;
    #at = 0;

    constructor(bytes) {
        this.#bytes = bytes;
    }

    raw(length) {
        if (this.#at + length > this.#bytes.length) {
            throw new RangeError("SCALE ends too early");
        }
        this.#at += length;
        return this.#bytes.subarray(this.#at - length, this.#at);
    }

    u8() {
        return this.raw(1)[0];
    }

    compact() {
        const first = this.u8();
        const more = [0, 1, 3][first & 3];
        if (more === undefined) {
            throw new RangeError("a length of 2^30 or more");
        }
        return [...this.raw(more)].reduceRight((number, byte) => number * 256 + byte, 0) * 64 + (first >> 2);
    }

    bytes() {
        return this.raw(this.compact());
    }

    text() {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.bytes());
    }

    list(read) {
        return Array.from({ length: this.compact() }, () => read(this));
    }
}
