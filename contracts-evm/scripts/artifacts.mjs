// Writes artifacts/<Name>.json, the ABI and bytecode that other parts of the project deploy and bind to.
// With --check writes nothing, and fails when a committed artifact differs from what the sources give.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

// Each by the source file that holds it.
const CONTRACTS = {
  PhatOracle: "PhatOracle.sol",
  WorkerRegistry: "WorkerRegistry.sol",
  SimulatedAttestationVerifier: "SimulatedAttestationVerifier.sol",
  PriceConsumer: "PriceConsumer.sol",
  Dice: "Dice.sol",
  // For measuring and for end-to-end tests only.
  EmptyConsumer: "EmptyConsumer.sol",
  HostileConsumer: "HostileConsumer.sol",
  RevertingConsumer: "RevertingConsumer.sol",
};

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const check = process.argv.includes("--check");

// Built from scratch and without the other tests: what else is compiled in the same run can change the bytecode.
const out = join(root, "out/artifacts");
const inputs = ["src", "test/consumers/HostileConsumer.sol", "test/consumers/RevertingConsumer.sol"].map((path) => join(root, path));
const forge = join(root, "node_modules/.bin/forge");
const build = ["build", "--root", root, "--out", out, "--cache-path", join(root, "cache/artifacts"), "--force", "--quiet"];
execFileSync(forge, [...build, ...inputs], { stdio: "inherit" });

function artifact(name, file) {
  const built = JSON.parse(readFileSync(join(out, file, `${name}.json`), "utf8"));
  if (Object.keys(built.bytecode.linkReferences).length !== 0) {
    throw new Error(`${name} needs linking`);
  }
  const { abi, bytecode } = built;
  return `${JSON.stringify({ contractName: name, abi, bytecode: bytecode.object }, null, 2)}\n`;
}

const folder = join(root, "artifacts");
mkdirSync(folder, { recursive: true });
const wanted = new Map(Object.entries(CONTRACTS).map(([name, file]) => [`${name}.json`, artifact(name, file)]));
const present = readdirSync(folder);

if (check) {
  const differing = [...wanted.keys()].filter(
    (file) => !present.includes(file) || readFileSync(join(folder, file), "utf8") !== wanted.get(file),
  );
  const unknown = present.filter((file) => !wanted.has(file));
  if (differing.length + unknown.length !== 0) {
    console.error(`artifacts differ from the sources: ${[...differing, ...unknown].join(", ")}`);
    console.error("run `npm run artifacts` in contracts-evm and commit the result");
    process.exit(1);
  }
  console.log(`${wanted.size} artifacts are what the sources give`);
} else {
  for (const [file, text] of wanted) writeFileSync(join(folder, file), text);
  console.log(`wrote ${[...wanted.keys()].join(", ")}`);
}
