// What a Phat Contract in JavaScript finds. `docs/writing-contracts.md` says how it behaves.

export type Hex = `0x${string}`;

/** Bytes: a buffer, or hex digits behind 0x. */
export type Bytes = Uint8Array | ArrayBuffer | string;

/** Which chain asks. */
export type Chain = { kind: "evm"; chainId: bigint } | { kind: "substrate"; genesis: Hex };

/** The question. To a script every field is what the relayer says; only the oracle authenticates, by accepting the answer. */
export interface OracleRequest {
    readonly chain: Chain;
    /** An address, or on Substrate the pallet's name. */
    readonly oracle: Hex | string;
    readonly id: Hex;
    readonly consumer: Hex;
    readonly payload: Uint8Array;
    readonly payloadHex: Hex;
    /** Seconds since the unix epoch. */
    readonly expiresAt: number;
    /** Of the request's block. */
    readonly blockHash: Hex;
    /** The payload as text. */
    text(): string;
    /** What the payload is as JSON. */
    json<T = any>(): T;
    /** As `payloadHex`. */
    toString(): Hex;
}

/**
 * The contract's secrets by name: texts, or bytes where one is no UTF-8. From the moment that one is read, the run's
 * requests go to its origins alone.
 */
export type Secrets = { readonly [name: string]: string | Uint8Array | undefined };

/** What the consumer gets: bytes, hex digits behind 0x, or any other text as UTF-8. */
export type Output = Uint8Array | ArrayBuffer | string;

/** What a script exports as its default or as `main`, or defines as the global function `main`. */
export type Main = (request: OracleRequest, secrets: Secrets) => Output | Promise<Output>;

export interface PinkHttpRequest {
    url: string;
    /** GET where it isn't said. */
    method?: string;
    headers?: { [name: string]: string };
    body?: Uint8Array | string;
    /** Whether the response's body is to be a text. */
    returnTextBody?: boolean;
}

export interface PinkHttpResponse {
    /** 523 or 524 where there was no response; the body is the reason. */
    statusCode: number;
    reasonPhrase: string;
    headers: { [name: string]: string };
    body: Uint8Array | string;
    /** Why a request of a batch got no response. */
    error?: string;
}

export interface TypeRegistry {
    readonly lines: readonly unknown[];
}

export interface Codec {
    encode(value: any): Uint8Array;
    decode(data: Bytes): any;
}

/** SCALE by types that are written as text: `u32`, `[u8;32]`, `(bool,str)`, `{a:u8}`, `<Ok:u8,Err:str>`, `@u64`. */
export interface Scale {
    /** Definitions `Name=type` or `Name<T>=type`, or types alone, one a line. */
    parseTypes(types: string): TypeRegistry;
    /** A number is the type of that line; several are a tuple. */
    codec(type: string | number | (string | number)[], types?: TypeRegistry): Codec;
    encode(value: any, type: string, types?: TypeRegistry): Uint8Array;
    decode(data: Bytes, type: string, types?: TypeRegistry): any;
}

/** Solidity's ABI: `uint256` for one value, `(uint256,string)` for an array of values. */
export interface Abi {
    encode(types: string, values: any): Uint8Array;
    /** Integers are bigints; bytes and addresses are hex digits behind 0x. */
    decode(types: string, data: Bytes): any;
    /** The first four bytes of a call of `transfer(address,uint256)`. */
    selector(signature: string): Uint8Array;
}

export interface Pink {
    readonly version: string;
    readonly SCALE: Scale;
    readonly abi: Abi;
    /** Waits for the response. */
    httpRequest(request: PinkHttpRequest): PinkHttpResponse;
    /** At most five at once. */
    batchHttpRequest(requests: PinkHttpRequest[], timeoutMs?: number): PinkHttpResponse[];
    hash(algorithm: "blake2b128" | "blake2b256" | "sha256" | "keccak256", message: Uint8Array | string): Uint8Array;
    /** The 64 bytes of the contract's own key with this salt: the same in every run. */
    deriveSecret(salt: Uint8Array | string): Uint8Array;
    /** Calls a message of another contract: the bytes that it returns. */
    invokeContract(call: { callee: Bytes; selector: number; input: Bytes; allowReentry?: boolean }): Uint8Array;
    invokeContractDelegate(call: { codeHash: Bytes; selector: number; input: Bytes }): Uint8Array;
    /** Logs values as `console.log` does. */
    inspect(...values: unknown[]): void;
}

export interface Digest {
    digest(algorithm: "SHA-256" | "KECCAK-256" | { name: string }, data: ArrayBuffer | ArrayBufferView): Promise<ArrayBuffer>;
}

type HeadersInit = Headers | Iterable<[string, string]> | { [name: string]: string };
type BodyInit = string | ArrayBuffer | ArrayBufferView | URLSearchParams | null;

interface RequestInit {
    method?: string;
    headers?: HeadersInit;
    body?: BodyInit;
}

declare global {
    const pink: Pink;
    /** The request's payload as hex digits; in the messages `eval` and `eval_all`, their arguments. */
    var scriptArgs: string[];

    /** Rejects where there is no response. Requests that wait together are made together. */
    function fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
    /** Runs the callback when nothing else can run, the shortest delay first, without waiting. */
    function setTimeout<T extends unknown[]>(callback: (...values: T) => void, delay?: number, ...values: T): number;
    function clearTimeout(timer: number): void;
    function queueMicrotask(callback: () => void): void;
    function atob(text: string): string;
    function btoa(text: string): string;

    const console: {
        [level in "error" | "warn" | "log" | "info" | "debug" | "trace"]: (...values: unknown[]) => void;
    } & { assert(condition: unknown, ...values: unknown[]): void };

    const crypto: {
        readonly subtle: Digest;
        getRandomValues<T extends ArrayBufferView>(array: T): T;
        randomUUID(): string;
    };

    class Headers implements Iterable<[string, string]> {
        constructor(init?: HeadersInit);
        append(name: string, value: string): void;
        delete(name: string): void;
        get(name: string): string | null;
        getSetCookie(): string[];
        has(name: string): boolean;
        set(name: string, value: string): void;
        entries(): IterableIterator<[string, string]>;
        keys(): IterableIterator<string>;
        values(): IterableIterator<string>;
        forEach(callback: (value: string, name: string, headers: Headers) => void): void;
        [Symbol.iterator](): IterableIterator<[string, string]>;
    }

    class Request {
        constructor(input: string | URL | Request, init?: RequestInit);
        readonly url: string;
        readonly method: string;
        readonly headers: Headers;
        readonly bodyUsed: boolean;
        clone(): Request;
        arrayBuffer(): Promise<ArrayBuffer>;
        bytes(): Promise<Uint8Array>;
        text(): Promise<string>;
        json(): Promise<any>;
    }

    class Response {
        constructor(body?: BodyInit, init?: { status?: number; statusText?: string; headers?: HeadersInit });
        static json(value: unknown, init?: { status?: number; statusText?: string; headers?: HeadersInit }): Response;
        readonly url: string;
        readonly status: number;
        readonly statusText: string;
        readonly ok: boolean;
        readonly headers: Headers;
        readonly bodyUsed: boolean;
        clone(): Response;
        arrayBuffer(): Promise<ArrayBuffer>;
        bytes(): Promise<Uint8Array>;
        text(): Promise<string>;
        json(): Promise<any>;
    }

    class TextEncoder {
        readonly encoding: "utf-8";
        encode(text?: string): Uint8Array;
        encodeInto(text: string, target: Uint8Array): { read: number; written: number };
    }

    class TextDecoder {
        constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
        readonly encoding: "utf-8";
        readonly fatal: boolean;
        readonly ignoreBOM: boolean;
        decode(data?: ArrayBuffer | ArrayBufferView): string;
    }

    class URL {
        constructor(url: string | URL, base?: string | URL);
        static canParse(url: string, base?: string | URL): boolean;
        static parse(url: string, base?: string | URL): URL | null;
        href: string;
        readonly origin: string;
        readonly protocol: string;
        readonly username: string;
        readonly password: string;
        readonly host: string;
        hostname: string;
        port: string;
        pathname: string;
        search: string;
        readonly searchParams: URLSearchParams;
        hash: string;
        toString(): string;
        toJSON(): string;
    }

    class URLSearchParams implements Iterable<[string, string]> {
        constructor(init?: string | Iterable<[string, string]> | { [name: string]: string });
        readonly size: number;
        append(name: string, value: string): void;
        delete(name: string, value?: string): void;
        get(name: string): string | null;
        getAll(name: string): string[];
        has(name: string, value?: string): boolean;
        set(name: string, value: string): void;
        sort(): void;
        entries(): IterableIterator<[string, string]>;
        keys(): IterableIterator<string>;
        values(): IterableIterator<string>;
        forEach(callback: (value: string, name: string, parameters: URLSearchParams) => void): void;
        toString(): string;
        [Symbol.iterator](): IterableIterator<[string, string]>;
    }
}
