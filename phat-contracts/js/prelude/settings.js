// The init data of a contract: what its constructor takes, a JSON text, and what is kept of it.

export class SettingsError extends Error {
    name = "SettingsError";
}

const within = (least, most) => (value) => Number.isInteger(value) && value >= least && value <= most;

/** What each setting may be, in words and as a check. */
const SETTINGS = {
    script: ["a text", (value) => typeof value === "string" && value !== ""],
    request: ['"object" or "hex"', (value) => value === "object" || value === "hex"],
    type: ["a text", (value) => typeof value === "string"],
    decimals: ["an integer from 0 to 77", within(0, 77)],
    heapBytes: ["an integer from 262144 to 3145728", within(262_144, 3_145_728)],
    responseBytes: ["an integer from 1024 to 2097152", within(1_024, 2_097_152)],
    timeoutMs: ["an integer from 1 to 60000", within(1, 60_000)],
};

const DEFAULTS = { request: "object", heapBytes: 3_145_728, responseBytes: 262_144, timeoutMs: 0 };

/** The settings that a JSON text holds, with the script where there is one. */
export function parseSettings(text) {
    let given;
    try {
        given = text === "" ? {} : JSON.parse(text);
    } catch (error) {
        throw new SettingsError(`no JSON: ${error.message}`);
    }
    if (typeof given !== "object" || given === null || Array.isArray(given)) {
        throw new SettingsError("no JSON object");
    }
    for (const [name, value] of Object.entries(given)) {
        const setting = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
        if (setting === undefined) {
            throw new SettingsError(`no setting ${name}; there are ${Object.keys(SETTINGS).join(", ")}`);
        }
        const [words, isRight] = setting;
        if (!isRight(value)) {
            throw new SettingsError(`${name} must be ${words}`);
        }
    }
    return { ...DEFAULTS, ...given };
}
