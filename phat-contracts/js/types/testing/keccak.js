// Keccak-256 as Ethereum has it: the sponge of FIPS 202 (section 3.2, Keccak-f[1600]) with the padding that was there
// before the standard's. Node has none.

const RATE = 136;
const MASK = (1n << 64n) - 1n;

const rotated = (lane, by) => ((lane << BigInt(by)) | (lane >> BigInt(64 - by))) & MASK;

/** The offsets of ρ by their lane, x + 5y (FIPS 202, algorithm 2). */
const OFFSETS = new Array(25).fill(0);
for (let t = 0, x = 1, y = 0; t < 24; t += 1) {
    OFFSETS[x + 5 * y] = (((t + 1) * (t + 2)) / 2) % 64;
    [x, y] = [y, (2 * x + 3 * y) % 5];
}

/** The constants of ι, a linear feedback shift register's (FIPS 202, algorithms 5 and 6). */
const CONSTANTS = [];
for (let round = 0, register = 1; round < 24; round += 1) {
    let constant = 0n;
    for (let bit = 0; bit < 7; bit += 1) {
        if (register & 1) {
            constant |= 1n << BigInt(2 ** bit - 1);
        }
        register = register & 0x80 ? ((register << 1) ^ 0x171) & 0xff : register << 1;
    }
    CONSTANTS.push(constant);
}

function permute(lanes) {
    for (const constant of CONSTANTS) {
        const columns = [0, 1, 2, 3, 4].map((x) => [0, 5, 10, 15, 20].reduce((sum, y) => sum ^ lanes[x + y], 0n));
        const mixed = lanes.map((lane, at) => lane ^ columns[(at + 4) % 5] ^ rotated(columns[(at + 1) % 5], 1));
        const moved = new Array(25);
        mixed.forEach((lane, at) => {
            const [x, y] = [at % 5, Math.floor(at / 5)];
            moved[y + 5 * ((2 * x + 3 * y) % 5)] = rotated(lane, OFFSETS[at]);
        });
        moved.forEach((lane, at) => {
            const row = at - (at % 5);
            lanes[at] = lane ^ (~moved[row + ((at + 1) % 5)] & MASK & moved[row + ((at + 2) % 5)]);
        });
        lanes[0] ^= constant;
    }
}

export function keccak256(message) {
    const padded = new Uint8Array((Math.floor(message.length / RATE) + 1) * RATE);
    padded.set(message);
    padded[message.length] ^= 0x01;
    padded[padded.length - 1] ^= 0x80;
    const lanes = new Array(25).fill(0n);
    const view = new DataView(padded.buffer);
    for (let block = 0; block < padded.length; block += RATE) {
        for (let lane = 0; lane < RATE / 8; lane += 1) {
            lanes[lane] ^= view.getBigUint64(block + 8 * lane, true);
        }
        permute(lanes);
    }
    const digest = new DataView(new ArrayBuffer(32));
    [0, 1, 2, 3].forEach((lane) => digest.setBigUint64(8 * lane, lanes[lane], true));
    return new Uint8Array(digest.buffer);
}
