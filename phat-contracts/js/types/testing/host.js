// What the engine imports (docs/guest-abi.md), as a query of an enclave answers it.

import { createHash, randomBytes } from "node:crypto";
import { answered, batchAnswered } from "./http.js";
import { keccak256 } from "./keccak.js";
import { Reader, Writer } from "./scale.js";

const SUCCESS = 0;
const NO_SUCH_KEY = 3;
const NOT_CALLABLE = 8;
const NONE = 0xffff_ffff;
/** The code of the second chain extension where a buffer is too small. */
const TOO_SMALL = 1;
const LEVELS = ["error", "warn", "info", "debug", "trace"];

const UNHELD = "is not there in tests: the contract's keys and other contracts are the enclave's";

/** What a contract returned: it ends the run. */
export class Returned {
    constructor(bytes) {
        this.bytes = bytes;
    }
}

export class SealHost {
    #memory;
    #input;
    #facts;
    /** The origins of the secrets that were read; undefined while none was. */
    #origins;
    storage;

    constructor({ input, storage, ...facts }) {
        this.#input = input;
        this.#facts = facts;
        this.storage = storage;
    }

    imports(memory) {
        this.#memory = memory;
        const hash = (algorithm) => (input, length, output) => this.#write(output, algorithm(this.#read(input, length)));
        const unheld = (what) => () => {
            throw new Error(`${what} ${UNHELD}`);
        };
        const digest = (name, length) => (data) => createHash(name, length && { outputLength: length }).update(data).digest();
        return {
            env: { memory },
            seal0: {
                input: (output, length) => this.#answer(this.#input, output, length),
                seal_return: (flags, data, length) => {
                    throw new Returned(this.#read(data, length));
                },
                debug_message: () => SUCCESS,
                now: (output, length) => this.#answer(new Writer().u64(this.#facts.now).finish(), output, length),
                address: (output, length) => this.#answer(new Uint8Array(32), output, length),
                call_chain_extension: (id, input, length, output, capacity) =>
                    this.#extension(id, new Reader(this.#read(input, length)), output, capacity),
                delegate_call: () => NOT_CALLABLE,
                hash_sha2_256: hash(digest("sha256")),
                hash_keccak_256: hash(keccak256),
                hash_blake2_128: unheld("BLAKE2b"),
                hash_blake2_256: unheld("BLAKE2b"),
            },
            seal1: {
                get_storage: (key, length, output, capacity) => {
                    const value = this.storage.get(Buffer.from(this.#read(key, length)).toString("hex"));
                    return value === undefined ? NO_SUCH_KEY : this.#answer(value, output, capacity);
                },
                call: () => NOT_CALLABLE,
            },
            seal2: {
                set_storage: (key, keyLength, value, length) => {
                    const name = Buffer.from(this.#read(key, keyLength)).toString("hex");
                    const before = this.storage.get(name);
                    this.storage.set(name, this.#read(value, length));
                    return before === undefined ? NONE : before.length;
                },
            },
        };
    }

    #read(at, length) {
        return new Uint8Array(this.#memory.buffer, at >>> 0, length >>> 0).slice();
    }

    #write(at, bytes) {
        new Uint8Array(this.#memory.buffer).set(bytes, at >>> 0);
    }

    #capacity(at) {
        return new DataView(this.#memory.buffer).getUint32(at >>> 0, true);
    }

    #setLength(at, length) {
        new DataView(this.#memory.buffer).setUint32(at >>> 0, length, true);
    }

    /** Writes an answer to a buffer, and its length over the buffer's. */
    #answer(bytes, output, capacity) {
        if (bytes.length > this.#capacity(capacity)) {
            throw new RangeError(`an answer of ${bytes.length} bytes for a buffer of ${this.#capacity(capacity)}`);
        }
        this.#write(output, bytes);
        this.#setLength(capacity, bytes.length);
        return SUCCESS;
    }

    #extension(id, reader, output, capacity) {
        const room = this.#capacity(capacity);
        const answer = (bytes) => this.#answer(bytes, output, capacity);
        const world = { ...this.#facts, origins: this.#origins };
        switch (id) {
            case 1:
                return answer(answered(world, reader, room));
            case 10:
                this.#facts.log.push({ level: LEVELS[reader.u8() - 1], message: reader.text() });
                return answer(new Uint8Array());
            case 11:
                return answer(new Writer().bytes(randomBytes(reader.u8())).finish());
            case 18:
                return answer(new Writer().u64(this.#facts.now).finish());
            case 22:
                return answer(batchAnswered(world, reader, room));
            case 0x1_0001: {
                const secret = this.#secret(reader.text());
                const bytes = secret === undefined ? Uint8Array.of(0) : new Writer().u8(1).bytes(secret).finish();
                return this.#sized(bytes, output, capacity);
            }
            case 0x1_0002: {
                const names = Object.keys(this.#facts.secrets).sort();
                return this.#sized(new Writer().list(names, (name, writer) => writer.text(name)).finish(), output, capacity);
            }
            default:
                throw new Error(`function ${id} of the chain extension ${UNHELD}`);
        }
    }

    /** An answer, or in place of one that is too long its length. */
    #sized(bytes, output, capacity) {
        if (bytes.length > this.#capacity(capacity)) {
            this.#setLength(capacity, bytes.length);
            return TOO_SMALL;
        }
        return this.#answer(bytes, output, capacity);
    }

    #secret(name) {
        const secret = Object.hasOwn(this.#facts.secrets, name) ? this.#facts.secrets[name] : undefined;
        if (secret === undefined) {
            return undefined;
        }
        this.#origins = [...(this.#origins ?? []), ...secret.origins.map((origin) => new URL(origin).origin)];
        return typeof secret.value === "string" ? new TextEncoder().encode(secret.value) : secret.value;
    }
}
