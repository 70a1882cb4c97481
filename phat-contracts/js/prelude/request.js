// The request that a contract is asked to answer (SCALE OracleRequest), as `main` gets it.

import { lossyText, hex } from "./bytes.js";

export class OracleRequest {
    constructor(reader) {
        const isEvm = reader.u8() === 0;
        this.chain = isEvm
            ? { kind: "evm", chainId: reader.unsigned(8) }
            : { kind: "substrate", genesis: hex(reader.raw(32)) };
        const oracle = reader.bytes();
        this.oracle = isEvm ? hex(oracle) : lossyText(oracle);
        this.id = hex(reader.raw(32));
        this.consumer = hex(reader.bytes());
        this.payload = reader.bytes().slice();
        this.expiresAt = Number(reader.unsigned(8));
        this.blockHash = hex(reader.raw(32));
        reader.end();
    }

    get payloadHex() {
        return hex(this.payload);
    }

    /** The payload as a text. */
    text() {
        return lossyText(this.payload);
    }

    /** What the payload is as JSON. */
    json() {
        return JSON.parse(this.text());
    }

    toString() {
        return this.payloadHex;
    }
}
