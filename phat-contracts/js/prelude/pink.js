// The object `pink`, as scripts of the reference know it.

import { blake2b128, blake2b256, call, delegateCall, keccak256, sha256 } from "host";
import { bytesOrHex, bytesOrText, concatenated } from "./bytes.js";
import { shown } from "./console.js";
import { deriveKey, log } from "./extension.js";
import { batchHttpRequest, httpRequest } from "./http.js";
import { SCALE } from "./scale.js";

const HASHES = { blake2b128, blake2b256, sha256, keccak256 };
const ALLOW_REENTRY = 8;
/** The room for what a called contract returns, in bytes. */
const CAPACITY = 64 * 1024;

const selector = (number) => Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number);

function returned(answer) {
    if (typeof answer === "number") {
        throw new Error(`the call failed with code ${answer}`);
    }
    return answer;
}

export const pink = {
    version: "phat-contract-js 0.1.0",
    SCALE,
    httpRequest,
    batchHttpRequest,

    hash(algorithm, message) {
        const hash = Object.hasOwn(HASHES, algorithm) ? HASHES[algorithm] : undefined;
        if (hash === undefined) {
            throw new TypeError(`no hash ${algorithm}: ${Object.keys(HASHES).join(", ")}`);
        }
        return hash(bytesOrText(message, "message"));
    },

    deriveSecret: (salt) => deriveKey(bytesOrText(salt, "salt")),

    invokeContract({ callee, selector: number, input, allowReentry = false }) {
        const message = concatenated([selector(number), bytesOrHex(input, "input")]);
        return returned(call(bytesOrHex(callee, "callee"), allowReentry ? ALLOW_REENTRY : 0, message, CAPACITY));
    },

    invokeContractDelegate({ codeHash, selector: number, input }) {
        const message = concatenated([selector(number), bytesOrHex(input, "input")]);
        return returned(delegateCall(bytesOrHex(codeHash, "codeHash"), message, CAPACITY));
    },

    inspect: (...values) => log(3, values.map((value) => shown(value)).join(" ")),
};
