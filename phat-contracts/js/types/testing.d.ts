// Runs a contract in Node with the engine that runs it in an enclave, where a test answers its HTTP requests.

/** A request that the contract made. */
export interface MockRequest {
    url: string;
    method: string;
    headers: { [name: string]: string };
    body: Uint8Array;
}

/** An answer. A body that is neither a text nor bytes is sent as JSON. 523 and 524 stand for no answer at all. */
export interface MockResponse {
    /** 200 where it isn't said. */
    status?: number;
    statusText?: string;
    headers?: { [name: string]: string };
    body?: unknown;
}

/** Answers by URL, or a function that gives one; undefined is no answer. */
export type MockHttp = { [url: string]: MockResponse } | ((request: MockRequest) => MockResponse | undefined);

/** A secret, and the origins that it may be sent to. Once it is read, other requests are refused. */
export interface MockSecret {
    value: string | Uint8Array;
    origins: string[];
}

export interface MockOptions {
    /** Settings beside the script, as `--init-json` has them. */
    settings?: { [name: string]: unknown };
    http?: MockHttp;
    secrets?: { [name: string]: MockSecret };
    /** What time it is, in milliseconds since 1970. */
    now?: number;
}

/** What a request says of itself beside its payload. */
export interface RequestFacts {
    chainId?: bigint;
    oracle?: Uint8Array;
    id?: Uint8Array;
    consumer?: Uint8Array;
    /** Seconds since 1970. */
    expiresAt?: number;
    blockHash?: Uint8Array;
}

/** A deployed contract. What is given with `deploy` can be changed between requests. */
export interface MockContract {
    http: MockHttp;
    secrets: { [name: string]: MockSecret };
    now: number;
    /** The requests that were made, in order. */
    requests: MockRequest[];
    /** The lines that were logged, in order. */
    log: { level: "error" | "warn" | "info" | "debug" | "trace"; message: string }[];
    /** What the consumer gets. Throws a ContractError where it gets an error. */
    ask(payload?: string | Uint8Array, facts?: RequestFacts): Uint8Array;
}

/** An error as the consumer gets it: a number, and a text. */
export class ContractError extends Error {
    code: number;
    constructor(code: number, message: string);
}

/** Deploys a script, as `relayer contract deploy --js` does; throws a ContractError where the engine refuses it. */
export function deploy(script: string, options?: MockOptions): MockContract;
