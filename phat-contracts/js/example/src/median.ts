/** The middle one of prices, or the mean of the two in the middle. */
export function median(prices: bigint[]): bigint {
    const sorted = prices.toSorted((left, right) => (left < right ? -1 : left > right ? 1 : 0));
    const middle = Math.floor(sorted.length / 2);
    const upper = sorted[middle];
    const lower = sorted[(sorted.length - 1) >> 1];
    if (upper === undefined || lower === undefined) {
        throw new RangeError("no prices");
    }
    return (lower + upper) / 2n;
}
