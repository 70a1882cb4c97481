// Answers with the median of what several sources say a price is, as a uint256 of 8 decimals. The request's payload
// is JSON: {"sources": ["https://…"]}; each source answers {"price": "97214.53"}.

import type { OracleRequest } from "phat-contract-js";
import { median } from "./median";

const DECIMALS = 8;

/** A decimal text as an integer of so many decimals: no price passes through a float. */
function scaled(price: string): bigint {
    const match = /^([0-9]+)(?:\.([0-9]+))?$/.exec(price);
    if (match === null) {
        throw new TypeError(`not a price: ${price}`);
    }
    const [, whole = "", fraction = ""] = match;
    return BigInt(whole + fraction.slice(0, DECIMALS).padEnd(DECIMALS, "0"));
}

async function priceAt(source: string): Promise<bigint> {
    const response = await fetch(source);
    if (!response.ok) {
        throw new Error(`${source} answered ${response.status}`);
    }
    const { price } = await response.json();
    return scaled(price);
}

export default async function main(request: OracleRequest): Promise<Uint8Array> {
    const { sources } = request.json<{ sources: string[] }>();
    const settled = await Promise.allSettled(sources.map(priceAt));
    const prices: bigint[] = [];
    for (const one of settled) {
        if (one.status === "fulfilled") {
            prices.push(one.value);
        } else {
            console.warn(one.reason.message);
        }
    }
    return pink.abi.encode("uint256", median(prices));
}
