import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { deploy } from "../vendor/phat-contract-js/testing.js";

const SCRIPT = readFileSync(new URL("../phat-template.js", import.meta.url), "utf8");
const URL_OF_BTC = "https://min-api.cryptocompare.com/data/price?fsym=BTC&tsyms=USD";

/** The contract, where the API answers this. */
const contract = (answer) => deploy(SCRIPT, { http: { [URL_OF_BTC]: answer } });
const number = (output) => BigInt(`0x${Buffer.from(output).toString("hex")}`);

test("a price is answered with eight decimals", () => {
    const prices = contract({ body: { USD: 97214.53 } });
    assert.equal(number(prices.ask("BTC")), 9_721_453_000_000n);
    assert.deepEqual(
        prices.requests.map(({ method, url }) => [method, url]),
        [["GET", URL_OF_BTC]],
    );
    assert.deepEqual(prices.log, [{ level: "info", message: "BTC costs 97214.53" }]);
});

test("what is wrong with the API reaches the consumer", () => {
    assert.throws(() => contract({ status: 500 }).ask("BTC"), /the API answered 500/);
    assert.throws(() => contract({ body: {} }).ask("BTC"), /not a price: undefined/);
    assert.throws(() => contract({ status: 523, body: "denied" }).ask("BTC"), /denied/);
});

test("a payload that is no symbol asks nobody", () => {
    const prices = contract({ body: { USD: 1 } });
    for (const payload of ["", "B", "BTC/USD", "BTC&x=1", "THIRTEENLETTERS"]) {
        assert.throws(() => prices.ask(payload), { name: "ContractError", code: 0 }, payload);
    }
    assert.deepEqual(prices.requests, []);
});
