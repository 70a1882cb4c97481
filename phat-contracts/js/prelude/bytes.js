// Bytes as scripts give and get them.

import { decodeUtf8, encodeUtf8 } from "host";

/** The hex digits of a text that begins with 0x. */
export const isHex = (text) => /^0x(?:[0-9a-fA-F]{2})*$/.test(text);

export const hex = (bytes) => `0x${bytes.toHex()}`;

/** The bytes that hex digits behind 0x stand for. */
export function fromHex(text) {
    if (!isHex(text)) {
        throw new TypeError(`not hex digits in pairs behind 0x: ${clip(text)}`);
    }
    return Uint8Array.fromHex(text.slice(2));
}

/** The beginning of a text, for messages. */
export const clip = (text) => (text.length > 64 ? `${text.slice(0, 61)}...` : text);

/** The bytes of an ArrayBuffer or of a view of one, without a copy; undefined for anything else. */
export function viewed(value) {
    if (value instanceof Uint8Array) {
        return value;
    }
    if (ArrayBuffer.isView(value)) {
        return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    }
    return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined;
}

/** Bytes as a buffer, or as hex digits behind 0x. */
export function bytesOrHex(value, what) {
    const bytes = typeof value === "string" ? fromHex(value) : viewed(value);
    if (bytes === undefined) {
        throw new TypeError(`${what} must be a Uint8Array or hex digits behind 0x`);
    }
    return bytes;
}

/** Bytes as a buffer, or a text's UTF-8. */
export function bytesOrText(value, what) {
    const bytes = typeof value === "string" ? encodeUtf8(value) : viewed(value);
    if (bytes === undefined) {
        throw new TypeError(`${what} must be a Uint8Array or a string`);
    }
    return bytes;
}

export function concatenated(parts) {
    const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return whole;
}

/** A text of bytes that should be UTF-8: U+FFFD stands for each part that is not (WHATWG Encoding). */
export function lossyText(bytes) {
    const whole = decodeUtf8(bytes);
    if (whole !== undefined) {
        return whole;
    }
    let text = "";
    for (let at = 0; at < bytes.length; ) {
        const length = longestCharacter(bytes, at);
        const character = length > 0 ? decodeUtf8(bytes.subarray(at, at + length)) : undefined;
        text += character ?? "\ufffd";
        at += character === undefined ? brokenPart(bytes, at) : length;
    }
    return text;
}

/** How many bytes the character has whose first byte stands at `at`; 0 where none begins so. */
function longestCharacter(bytes, at) {
    const first = bytes[at];
    return first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

/** How many bytes one U+FFFD stands for: the longest that a character could begin with. */
function brokenPart(bytes, at) {
    const length = longestCharacter(bytes, at);
    const [least, most] = { 0xe0: [0xa0, 0xbf], 0xed: [0x80, 0x9f], 0xf0: [0x90, 0xbf], 0xf4: [0x80, 0x8f] }[
        bytes[at]
    ] ?? [0x80, 0xbf];
    let broken = 1;
    while (broken < length && at + broken < bytes.length) {
        const byte = bytes[at + broken];
        const fits = broken === 1 ? byte >= least && byte <= most : (byte & 0xc0) === 0x80;
        if (!fits) {
            break;
        }
        broken += 1;
    }
    return broken;
}
