// Runs a contract in Node with the engine that runs it in an enclave, where a test answers its HTTP requests.

import { existsSync, readFileSync } from "node:fs";
import { SealHost, Returned } from "./testing/host.js";
import { Reader, Writer } from "./testing/scale.js";

/** Where the engine is: in a project beside this file, in the repository among the other contracts. */
const ENGINES = ["./js.wasm", "../../artifacts/js.wasm"].map((path) => new URL(path, import.meta.url));
/** The selectors of the constructor and of the message that answers requests. */
const NEW = [0x9b, 0xae, 0x9d, 0x5e];
const HANDLE_REQUEST = [0x14, 0xff, 0x6a, 0xfa];
/** The most memory that a contract has, in pages of 64 KiB. */
const MAX_PAGES = 64;

let compiled;

function engine() {
    compiled ??= new WebAssembly.Module(readFileSync(ENGINES.find(existsSync) ?? ENGINES[0]));
    return compiled;
}

/** What a contract answers where it has no answer: the ContractError of a consumer. */
export class ContractError extends Error {
    name = "ContractError";

    constructor(code, message) {
        super(message);
        this.code = code;
    }
}

/** Runs `deploy` or `call` in a memory of its own, which is as large as the engine wants it. */
function run(entry, host) {
    for (let initial = 1; initial <= MAX_PAGES; initial += 1) {
        const memory = new WebAssembly.Memory({ initial, maximum: MAX_PAGES });
        let instance;
        try {
            instance = new WebAssembly.Instance(engine(), host.imports(memory));
        } catch (error) {
            if (error instanceof WebAssembly.LinkError && initial < MAX_PAGES) {
                continue;
            }
            throw error;
        }
        try {
            instance.exports[entry]();
        } catch (returned) {
            if (returned instanceof Returned) {
                return returned.bytes;
            }
            throw returned;
        }
        throw new Error("the engine returned nothing");
    }
}

/** What `Result<Result<Vec<u8>, (u8, String)>, LangError>` holds. */
function result(bytes) {
    const reader = new Reader(bytes);
    if (reader.u8() !== 0) {
        throw new Error("the engine can't read its input");
    }
    if (reader.u8() !== 0) {
        throw new ContractError(reader.u8(), reader.text());
    }
    return reader;
}

const bytesOf = (value) => (typeof value === "string" ? new TextEncoder().encode(value) : value);

function requestBytes(payload, facts) {
    const { chainId = 31337n, oracle, id, consumer, expiresAt = 1_900_000_000, blockHash } = facts;
    return new Writer()
        .raw(HANDLE_REQUEST)
        .u8(0)
        .u64(chainId)
        .bytes(oracle ?? new Uint8Array(20).fill(1))
        .raw(id ?? new Uint8Array(32).fill(2))
        .bytes(consumer ?? new Uint8Array(20).fill(3))
        .bytes(bytesOf(payload))
        .u64(expiresAt)
        .raw(blockHash ?? new Uint8Array(32).fill(5))
        .finish();
}

/**
 * Deploys a script, as `relayer contract deploy --js` does; throws a ContractError where the engine refuses it.
 * index.d.ts and testing.d.ts say what is given and what comes back.
 */
export function deploy(script, { settings = {}, http = {}, secrets = {}, now = 1_800_000_000_000 } = {}) {
    const init = new Writer().raw(NEW).bytes(bytesOf(JSON.stringify({ ...settings, script }))).finish();
    const log = [];
    const deploying = new SealHost({ input: init, storage: new Map(), http: {}, secrets: {}, now: 0, requests: [], log });
    result(run("deploy", deploying));
    const contract = {
        http,
        secrets,
        now,
        requests: [],
        log,

        ask(payload = "", facts = {}) {
            const input = requestBytes(payload, facts);
            const host = new SealHost({ ...contract, input, storage: new Map(deploying.storage) });
            return result(run("call", host)).bytes().slice();
        },
    };
    return contract;
}
