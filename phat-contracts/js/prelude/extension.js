// The functions of the chain extension `pink`, by their numbers (docs/guest-abi.md).

import { extension } from "host";
import { Reader, Writer } from "./codec.js";

const LOG = 10;
const DERIVE_SR25519_KEY = 4;
const GETRANDOM = 11;

/** Logs a line; 1 is an error, 5 the least. */
export function log(level, line) {
    extension(LOG, new Writer().u8(level).text(line).finish(), 0);
}

/** The 64 bytes of the contract's key with this salt. */
export function deriveKey(salt) {
    return new Reader(extension(DERIVE_SR25519_KEY, new Writer().bytes(salt).finish(), 66)).bytes();
}

/** At most 255 random bytes. Where there is no randomness (transactions), none. */
export function random(length) {
    return new Reader(extension(GETRANDOM, Uint8Array.of(length), 2 + length)).bytes();
}
