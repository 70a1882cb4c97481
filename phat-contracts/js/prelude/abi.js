// pink.abi: Solidity's ABI encoding (Contract ABI Specification, "Formal Specification of the
// Encoding"), so that a consumer reads an answer with abi.decode, and a script what a consumer encoded.

import { lossyText, bytesOrHex, concatenated, hex } from "./bytes.js";
import { encodeUtf8, keccak256 } from "host";

const WORD = 32;

/** Reads a type: `uint256`, `(string,bytes32)[]`, … */
class Parser {
    #text;
    #at = 0;

    constructor(text) {
        this.#text = String(text).replace(/\s/g, "");
    }

    whole() {
        const type = this.#type();
        if (this.#at < this.#text.length) {
            this.#fail();
        }
        return type;
    }

    #fail() {
        throw new SyntaxError(`no type of the ABI: ${this.#text} (at ${this.#at})`);
    }

    #match(pattern) {
        const match = pattern.exec(this.#text.slice(this.#at));
        this.#at += match?.[0].length ?? 0;
        return match;
    }

    #type() {
        let type = this.#match(/^(?:tuple)?\(/) === null ? this.#elementary() : this.#tuple();
        for (let match = this.#match(/^\[([0-9]*)\]/); match !== null; match = this.#match(/^\[([0-9]*)\]/)) {
            const length = match[1] === "" ? undefined : Number(match[1]);
            type = { kind: "array", type, length, isDynamic: length === undefined || type.isDynamic };
        }
        return type;
    }

    #tuple() {
        const types = [];
        while (this.#match(/^\)/) === null) {
            if (types.length > 0 && this.#match(/^,/) === null) {
                this.#fail();
            }
            types.push(this.#type());
        }
        return { kind: "tuple", types, isDynamic: types.some((type) => type.isDynamic) };
    }

    #elementary() {
        const match = this.#match(/^(u?int|bytes)([0-9]*)(?![0-9a-z])|^(address|bool|string)(?![0-9a-z])/);
        if (match === null) {
            this.#fail();
        }
        const [, sized, size, plain] = match;
        const number = Number(size);
        if (plain !== undefined) {
            return { kind: plain, isDynamic: plain === "string" };
        }
        if (sized === "bytes") {
            if (number > WORD || size === "0") {
                this.#fail();
            }
            return size === "" ? { kind: "bytes", isDynamic: true } : { kind: "fixed", bytes: number, isDynamic: false };
        }
        const bits = size === "" ? 256 : number;
        if (bits === 0 || bits > 256 || bits % 8 !== 0) {
            this.#fail();
        }
        return { kind: "integer", bits, isSigned: sized === "int", isDynamic: false };
    }
}

function word(number) {
    return Uint8Array.fromHex(BigInt.asUintN(256, number).toString(16).padStart(2 * WORD, "0"));
}

function padded(bytes) {
    const whole = new Uint8Array(Math.ceil(bytes.length / WORD) * WORD);
    whole.set(bytes);
    return whole;
}

function integer(value, { bits, isSigned }) {
    const number = BigInt(value);
    const wrapped = isSigned ? BigInt.asIntN(bits, number) : BigInt.asUintN(bits, number);
    if (wrapped !== number) {
        throw new RangeError(`${value} is no ${isSigned ? "int" : "uint"}${bits}`);
    }
    return word(number);
}

function sized(value, length) {
    const bytes = bytesOrHex(value, `bytes${length}`);
    if (bytes.length !== length) {
        throw new RangeError(`${bytes.length} bytes where there should be ${length}`);
    }
    return bytes;
}

function withLength(bytes) {
    return concatenated([word(BigInt(bytes.length)), padded(bytes)]);
}

function encodeOne(value, type) {
    switch (type.kind) {
        case "integer":
            return integer(value, type);
        case "bool":
            return word(value ? 1n : 0n);
        case "address":
            return concatenated([new Uint8Array(12), sized(value, 20)]);
        case "fixed":
            return padded(sized(value, type.bytes));
        case "bytes":
            return withLength(bytesOrHex(value, "bytes"));
        case "string":
            return withLength(encodeUtf8(value));
        case "array": {
            const values = Array.from(value);
            if (type.length !== undefined && values.length !== type.length) {
                throw new RangeError(`${values.length} elements for an array of ${type.length}`);
            }
            const items = encodeAll(values, values.map(() => type.type));
            return type.length === undefined ? concatenated([word(BigInt(values.length)), items]) : items;
        }
        case "tuple":
            return encodeAll(value, type.types);
    }
}

function encodeAll(values, types) {
    if (!Array.isArray(values) || values.length !== types.length) {
        throw new TypeError(`an array of ${types.length} values is to be encoded`);
    }
    const parts = types.map((type, index) => encodeOne(values[index], type));
    const heads = types.map((type, index) => (type.isDynamic ? WORD : parts[index].length));
    let tail = heads.reduce((sum, length) => sum + length, 0);
    const head = [];
    const tails = [];
    types.forEach((type, index) => {
        if (type.isDynamic) {
            head.push(word(BigInt(tail)));
            tails.push(parts[index]);
            tail += parts[index].length;
        } else {
            head.push(parts[index]);
        }
    });
    return concatenated([...head, ...tails]);
}

/** How many bytes a value takes where it stands in a row of them. */
function headLength(type) {
    if (type.isDynamic) {
        return WORD;
    }
    if (type.kind === "array") {
        return type.length * headLength(type.type);
    }
    return type.kind === "tuple" ? type.types.reduce((sum, inner) => sum + headLength(inner), 0) : WORD;
}

function cut(bytes, start, length) {
    if (start + length > bytes.length) {
        throw new RangeError("the encoded values end too early");
    }
    return bytes.subarray(start, start + length);
}

function numberAt(bytes, at) {
    return BigInt(hex(cut(bytes, at, WORD)));
}

/** A length or an offset. */
function indexAt(bytes, at) {
    const number = numberAt(bytes, at);
    if (number > BigInt(bytes.length)) {
        throw new RangeError("the encoded values end too early");
    }
    return Number(number);
}

function decodeOne(bytes, at, type) {
    switch (type.kind) {
        case "integer": {
            const number = numberAt(bytes, at);
            return type.isSigned ? BigInt.asIntN(type.bits, number) : BigInt.asUintN(type.bits, number);
        }
        case "bool":
            return numberAt(bytes, at) !== 0n;
        case "address":
            return hex(cut(bytes, at + 12, 20));
        case "fixed":
            return hex(cut(bytes, at, type.bytes));
        case "bytes":
            return hex(cut(bytes, at + WORD, indexAt(bytes, at)));
        case "string":
            return lossyText(cut(bytes, at + WORD, indexAt(bytes, at)));
        case "array": {
            const length = type.length ?? indexAt(bytes, at);
            const start = type.length === undefined ? at + WORD : at;
            return decodeAll(cut(bytes, start, bytes.length - start), new Array(length).fill(type.type));
        }
        case "tuple":
            return decodeAll(cut(bytes, at, bytes.length - at), type.types);
    }
}

function decodeAll(bytes, types) {
    let at = 0;
    return types.map((type) => {
        const place = at;
        at += headLength(type);
        return type.isDynamic ? decodeOne(bytes, indexAt(bytes, place), type) : decodeOne(bytes, place, type);
    });
}

/** What `abi.encode` of several values is the encoding of: `(uint256,string)`, or one type for one value. */
function row(types) {
    const parsed = new Parser(types).whole();
    return parsed.kind === "tuple" ? { types: parsed.types, isOne: false } : { types: [parsed], isOne: true };
}

export const abi = {
    encode(types, values) {
        const { types: parsed, isOne } = row(types);
        return encodeAll(isOne ? [values] : values, parsed);
    },

    decode(types, data) {
        const { types: parsed, isOne } = row(types);
        const values = decodeAll(bytesOrHex(data, "data"), parsed);
        return isOne ? values[0] : values;
    },

    /** The first four bytes of a call of a function with this signature, as `transfer(address,uint256)`. */
    selector: (signature) => keccak256(encodeUtf8(signature)).slice(0, 4),
};
