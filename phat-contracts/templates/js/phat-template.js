// Answers what a symbol such as BTC costs, as a uint256 of 8 decimals: one value of a JSON API.

const DECIMALS = 8;

/** Where a price is. */
const url = (symbol) => `https://min-api.cryptocompare.com/data/price?fsym=${symbol}&tsyms=USD`;

/** A decimal number as an integer of so many decimals; what is behind the last is cut. */
function scaled(text) {
    const match = /^([0-9]+)(?:\.([0-9]+))?$/.exec(text);
    if (match === null) {
        throw new TypeError(`not a price: ${text}`);
    }
    const [, whole, fraction = ""] = match;
    return BigInt(whole + fraction.slice(0, DECIMALS).padEnd(DECIMALS, "0"));
}

export default async function main(request) {
    const symbol = request.text();
    // Who asks chooses the payload: nothing but what is meant goes into a URL.
    if (!/^[0-9A-Za-z]{2,10}$/.test(symbol)) {
        throw new TypeError("the payload is no symbol such as BTC");
    }
    const response = await fetch(url(symbol));
    if (!response.ok) {
        throw new Error(`the API answered ${response.status}`);
    }
    const { USD: price } = await response.json();
    console.info(`${symbol} costs ${price}`);
    return pink.abi.encode("uint256", scaled(String(price)));
}
