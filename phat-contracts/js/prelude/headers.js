// Headers (WHATWG Fetch), without its guards.

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

function named(name) {
    const text = String(name);
    if (!NAME.test(text)) {
        throw new TypeError(`not a header's name: ${text}`);
    }
    return text.toLowerCase();
}

function valued(value) {
    const text = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
    if (/[\0\r\n]/.test(text)) {
        throw new TypeError("a header's value has one line");
    }
    return text;
}

export class Headers {
    /** Pairs of name, in lower case, and value. */
    #list = [];

    constructor(init = []) {
        const pairs = init instanceof Headers || Symbol.iterator in init ? init : Object.entries(init);
        for (const [name, value] of pairs) {
            this.append(name, value);
        }
    }

    append(name, value) {
        this.#list.push([named(name), valued(value)]);
    }

    delete(name) {
        const gone = named(name);
        this.#list = this.#list.filter(([other]) => other !== gone);
    }

    get(name) {
        const wanted = named(name);
        const values = this.#list.filter(([other]) => other === wanted).map(([, value]) => value);
        return values.length === 0 ? null : values.join(", ");
    }

    getSetCookie() {
        return this.#list.filter(([name]) => name === "set-cookie").map(([, value]) => value);
    }

    has(name) {
        const wanted = named(name);
        return this.#list.some(([other]) => other === wanted);
    }

    set(name, value) {
        this.delete(name);
        this.append(name, value);
    }

    /** Sorted by name, values of one name together, as the standard has it. */
    *entries() {
        const names = [...new Set(this.#list.map(([name]) => name))].sort();
        for (const name of names) {
            if (name === "set-cookie") {
                yield* this.getSetCookie().map((value) => [name, value]);
            } else {
                yield [name, this.get(name)];
            }
        }
    }

    *keys() {
        for (const [name] of this.entries()) {
            yield name;
        }
    }

    *values() {
        for (const [, value] of this.entries()) {
            yield value;
        }
    }

    forEach(callback, self) {
        for (const [name, value] of this.entries()) {
            callback.call(self, value, name, this);
        }
    }

    [Symbol.iterator]() {
        return this.entries();
    }
}
