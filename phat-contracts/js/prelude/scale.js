// pink.SCALE: SCALE by types that are written as text.
//
//   bool u8 … u128 i8 … i128 str        primitives (`#` may stand before a name)
//   [T] [T;3]                           sequence, array; of u8: Uint8Array or hex digits behind 0x
//   (A,B)  {a:A,b:B}                    tuple: an array; struct: an object
//   <None,Some:T>  <A:T:3>              enum: {Some: value}; a variant may name its index
//   <_None,_Some:T>                     null, or the value itself
//   @u64                                compact
//   0 1 2 …                             the type of that line of the registry
//   Name=T   Name<A,B>=T                definitions, one a line

import { encodeUtf8 } from "host";
import { bytesOrHex, hex } from "./bytes.js";
import { Reader, Writer } from "./codec.js";

/** The depth to which types may lie in each other when a value is coded. */
const DEPTH = 64;

class Types {
    /** Types by their lines. */
    lines = [];
    /** Parameters and type by name. */
    names = new Map();
}

/** Reads one type from a text. */
class Parser {
    #text;
    #at = 0;

    constructor(text) {
        this.#text = text;
    }

    #skip() {
        while (/\s/.test(this.#text[this.#at] ?? "")) {
            this.#at += 1;
        }
    }

    #peek() {
        this.#skip();
        return this.#text[this.#at];
    }

    #eat(token) {
        if (this.#peek() !== token) {
            return false;
        }
        this.#at += 1;
        return true;
    }

    expect(token) {
        if (!this.#eat(token)) {
            throw new SyntaxError(`type ${JSON.stringify(this.#text)}: no ${token} at ${this.#at}`);
        }
    }

    name() {
        this.#skip();
        const match = /^[A-Za-z_0-9]+(?:::[A-Za-z_][A-Za-z_0-9]*)*/.exec(this.#text.slice(this.#at));
        if (match === null) {
            throw new SyntaxError(`type ${JSON.stringify(this.#text)}: no name at ${this.#at}`);
        }
        this.#at += match[0].length;
        return match[0];
    }

    #number() {
        const text = this.name();
        if (!/^[0-9]+$/.test(text)) {
            throw new SyntaxError(`type ${JSON.stringify(this.#text)}: ${text} is no number`);
        }
        return Number(text);
    }

    /** Items up to `close`. */
    list(close, item) {
        const items = [];
        while (!this.#eat(close)) {
            if (items.length > 0) {
                this.expect(",");
            }
            items.push(item());
        }
        return items;
    }

    type() {
        if (this.#eat("#")) {
            return { kind: "name", name: this.name(), parameters: [] };
        }
        if (this.#eat("@")) {
            return { kind: "compact", type: this.type() };
        }
        if (this.#eat("[")) {
            const type = this.type();
            const length = this.#eat(";") ? this.#number() : undefined;
            this.expect("]");
            return { kind: "list", type, length };
        }
        if (this.#eat("(")) {
            return { kind: "tuple", types: this.list(")", () => this.type()) };
        }
        if (this.#eat("{")) {
            return { kind: "struct", fields: this.list("}", () => this.#field()) };
        }
        if (this.#eat("<")) {
            return { kind: "enum", variants: indexed(this.list(">", () => this.#variant())) };
        }
        const name = this.name();
        if (/^[0-9]+$/.test(name)) {
            return { kind: "line", line: Number(name) };
        }
        return { kind: "name", name, parameters: this.#eat("<") ? this.list(">", () => this.type()) : [] };
    }

    #field() {
        const name = this.name();
        this.expect(":");
        return { name, type: this.type() };
    }

    #variant() {
        const name = this.name();
        if (!this.#eat(":")) {
            return { name };
        }
        const type = this.#peek() === ":" ? undefined : this.type();
        return { name, type, index: this.#eat(":") ? this.#number() : undefined };
    }

    definition() {
        const start = this.#at;
        if (/^\s*[A-Za-z_][A-Za-z_0-9:]*\s*(?:<[^=]*>)?\s*=/.test(this.#text)) {
            const name = this.name();
            const parameters = this.#eat("<") ? this.list(">", () => this.name()) : [];
            this.expect("=");
            return { name, parameters, type: this.whole() };
        }
        this.#at = start;
        return { type: this.whole() };
    }

    whole() {
        const type = this.type();
        if (this.#peek() !== undefined) {
            throw new SyntaxError(`type ${JSON.stringify(this.#text)}: more than a type at ${this.#at}`);
        }
        return type;
    }
}

/** Variants whose index isn't named have the one behind the last. */
function indexed(variants) {
    let next = 0;
    return variants.map((variant) => {
        const index = variant.index ?? next;
        next = index + 1;
        return { ...variant, index };
    });
}

export function parseTypes(text) {
    const types = new Types();
    for (const line of String(text).split("\n")) {
        if (line.trim() === "") {
            continue;
        }
        const { name, parameters, type } = new Parser(line).definition();
        types.lines.push(type);
        if (name !== undefined) {
            types.names.set(name, { parameters, type });
        }
    }
    return types;
}

const INTEGER = /^([ui])(8|16|32|64|128)$/;

/** A type where its names are those of `types`, and of `scope` (what a definition's parameters are). */
class Coder {
    #types;

    constructor(types) {
        this.#types = types;
    }

    /** The definition behind a name, with its scope. */
    #resolve({ name, parameters }, scope) {
        if (scope.has(name)) {
            return scope.get(name);
        }
        const definition = this.#types.names.get(name);
        if (definition === undefined) {
            throw new TypeError(`no type ${name}`);
        }
        if (definition.parameters.length !== parameters.length) {
            throw new TypeError(`${name} takes ${definition.parameters.length} types`);
        }
        const inner = definition.parameters.map((parameter, index) => {
            const type = parameters[index];
            return [parameter, { type, scope }];
        });
        return { type: definition.type, scope: new Map(inner) };
    }

    /** A type that is neither a name nor a line, unless a primitive. */
    #concrete(type, scope, depth) {
        let found = { type, scope };
        for (let steps = depth; ; steps += 1) {
            if (steps > DEPTH) {
                throw new RangeError("types in types in types");
            }
            if (found.type.kind === "line") {
                const line = this.#types.lines[found.type.line];
                if (line === undefined) {
                    throw new TypeError(`no type in line ${found.type.line}`);
                }
                found = { type: line, scope: new Map() };
            } else if (found.type.kind === "name" && !this.#isPrimitive(found.type.name, found.scope)) {
                found = this.#resolve(found.type, found.scope);
            } else {
                return found;
            }
        }
    }

    #isPrimitive(name, scope) {
        const shadowed = scope.has(name) || this.#types.names.has(name);
        return !shadowed && (name === "bool" || name === "str" || INTEGER.test(name));
    }

    #isByte(type, scope, depth) {
        const found = this.#concrete(type, scope, depth);
        return found.type.kind === "name" && found.type.name === "u8";
    }

    encode(value, asked, writer, outer = new Map(), depth = 0) {
        const { type, scope } = this.#concrete(asked, outer, depth);
        const inner = (item, its) => this.encode(item, its, writer, scope, depth + 1);
        switch (type.kind) {
            case "name":
                encodePrimitive(value, type.name, writer);
                break;
            case "compact":
                writer.compact(value);
                break;
            case "list": {
                const isBytes = this.#isByte(type.type, scope, depth) && !Array.isArray(value);
                const items = isBytes ? bytesOrHex(value, "[u8]") : Array.from(value);
                if (type.length === undefined) {
                    writer.compact(items.length);
                } else if (items.length !== type.length) {
                    throw new RangeError(`${items.length} elements for an array of ${type.length}`);
                }
                if (isBytes) {
                    writer.raw(items);
                } else {
                    items.forEach((item) => inner(item, type.type));
                }
                break;
            }
            case "tuple":
                type.types.forEach((its, index) => inner(value[index], its));
                break;
            case "struct":
                type.fields.forEach((field) => inner(value[field.name], field.type));
                break;
            case "enum":
                this.#encodeEnum(value, type.variants, writer, inner);
                break;
        }
    }

    #encodeEnum(value, variants, writer, inner) {
        const some = isOption(variants);
        const [name, content] = some
            ? value === null || value === undefined
                ? ["_None", undefined]
                : ["_Some", value]
            : typeof value === "string"
              ? [value, undefined]
              : (Object.entries(value)[0] ?? []);
        const variant = variants.find((one) => one.name === name);
        if (variant === undefined) {
            throw new TypeError(`no variant ${name}`);
        }
        writer.u8(variant.index);
        if (variant.type !== undefined) {
            inner(content, variant.type);
        }
    }

    decode(reader, asked, outer = new Map(), depth = 0) {
        const { type, scope } = this.#concrete(asked, outer, depth);
        const inner = (its) => this.decode(reader, its, scope, depth + 1);
        switch (type.kind) {
            case "name":
                return decodePrimitive(type.name, reader);
            case "compact":
                return fitting(reader.compact(), this.#concrete(type.type, scope, depth).type.name);
            case "list": {
                const length = type.length ?? reader.length();
                if (this.#isByte(type.type, scope, depth)) {
                    return hex(reader.raw(length));
                }
                return Array.from({ length }, () => inner(type.type));
            }
            case "tuple":
                return type.types.map(inner);
            case "struct":
                return Object.fromEntries(type.fields.map(({ name, type: its }) => [name, inner(its)]));
            case "enum": {
                const index = reader.u8();
                const variant = type.variants.find((one) => one.index === index);
                if (variant === undefined) {
                    throw new RangeError(`no variant has the index ${index}`);
                }
                const value = variant.type === undefined ? null : inner(variant.type);
                return isOption(type.variants) ? value : { [variant.name]: value };
            }
        }
    }
}

const isOption = (variants) => variants.length === 2 && variants[0].name === "_None" && variants[1].name === "_Some";

function encodePrimitive(value, name, writer) {
    if (name === "bool") {
        writer.u8(value ? 1 : 0);
    } else if (name === "str") {
        writer.bytes(encodeUtf8(value));
    } else {
        const [, sign, bits] = INTEGER.exec(name);
        const number = BigInt(value);
        const wrapped = sign === "u" ? BigInt.asUintN(Number(bits), number) : BigInt.asIntN(Number(bits), number);
        if (wrapped !== number) {
            throw new RangeError(`${value} is no ${name}`);
        }
        writer.unsigned(BigInt.asUintN(Number(bits), number), Number(bits) / 8);
    }
}

function decodePrimitive(name, reader) {
    if (name === "bool") {
        return reader.u8() !== 0;
    }
    if (name === "str") {
        return reader.text();
    }
    const [, sign, bits] = INTEGER.exec(name);
    const number = reader.unsigned(Number(bits) / 8);
    return fitting(sign === "u" ? number : BigInt.asIntN(Number(bits), number), name);
}

/** Integers of up to 32 bits are numbers, longer ones bigints. */
const fitting = (number, name) => (["u64", "i64", "u128", "i128"].includes(name) ? number : Number(number));

const typeOf = (type) => (typeof type === "number" ? { kind: "line", line: type } : new Parser(String(type)).whole());

export function codec(type, types = new Types()) {
    const asked = Array.isArray(type) ? { kind: "tuple", types: type.map(typeOf) } : typeOf(type);
    const coder = new Coder(types);
    return {
        encode(value) {
            const writer = new Writer();
            coder.encode(value, asked, writer);
            return writer.finish();
        },
        decode(data) {
            return coder.decode(new Reader(bytesOrHex(data, "SCALE")), asked);
        },
    };
}

export const SCALE = {
    parseTypes,
    codec,
    encode: (value, type, types) => codec(type, types).encode(value),
    decode: (data, type, types) => codec(type, types).decode(data),
};
