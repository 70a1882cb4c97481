/** A decimal number as an integer of so many decimals; what is behind the last is cut. */
export function scaled(text: string, decimals: number): bigint {
    const match = /^([0-9]+)(?:\.([0-9]+))?$/.exec(text);
    if (match === null) {
        throw new TypeError(`not a price: ${text}`);
    }
    const [, whole = "", fraction = ""] = match;
    return BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, "0"));
}
