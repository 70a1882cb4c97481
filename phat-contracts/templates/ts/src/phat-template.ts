// Answers what a symbol such as BTC costs, as a uint256 of 8 decimals: one value of a JSON API.

import type { OracleRequest } from "phat-contract-js";
import { scaled } from "./decimal";

const DECIMALS = 8;

/** Where a price is. */
const url = (symbol: string): string => `https://min-api.cryptocompare.com/data/price?fsym=${symbol}&tsyms=USD`;

export default async function main(request: OracleRequest): Promise<Uint8Array> {
    const symbol = request.text();
    // Who asks chooses the payload: nothing but what is meant goes into a URL.
    if (!/^[0-9A-Za-z]{2,10}$/.test(symbol)) {
        throw new TypeError("the payload is no symbol such as BTC");
    }
    const response = await fetch(url(symbol));
    if (!response.ok) {
        throw new Error(`the API answered ${response.status}`);
    }
    const { USD: price } = (await response.json()) as { USD?: number };
    console.info(`${symbol} costs ${price}`);
    return pink.abi.encode("uint256", scaled(String(price), DECIMALS));
}
