// Measures what transactions cost (test/gas) and writes snapshots/*.json. With --check writes nothing, and fails when a
// figure differs from the committed one.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const check = process.argv.includes("--check");

const { status } = spawnSync(
  join(root, "node_modules/.bin/forge"),
  // Isolated, every call of a test is a transaction of its own, with the gas that a transaction costs.
  [
    "test",
    ...["--root", root, "--match-path", "test/gas/*", "--isolate"],
    ...["--gas-snapshot-check", String(check), "--gas-snapshot-emit", String(!check)],
  ],
  { stdio: "inherit" },
);
process.exit(status ?? 1);
