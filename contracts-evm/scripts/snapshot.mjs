// Measures what transactions cost (test/gas) and writes snapshots/*.json. With --check writes nothing there, and fails
// when a figure differs from the committed one, or is missing.
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const check = process.argv.includes("--check");
const committed = join(root, "snapshots");
// forge's own comparison reports a difference and succeeds all the same.
const measured = check ? join(root, "out/snapshots") : committed;

rmSync(measured, { recursive: true, force: true });
const { status } = spawnSync(
  join(root, "node_modules/.bin/forge"),
  // Isolated, every call of a test is a transaction of its own, with the gas that a transaction costs.
  [
    "test",
    ...["--root", root, "--match-path", "test/gas/*", "--isolate"],
    ...["--gas-snapshot-check", "false", "--gas-snapshot-emit", "true"],
  ],
  { stdio: "inherit", env: { ...process.env, FOUNDRY_SNAPSHOTS: measured } },
);
if (status !== 0) process.exit(status ?? 1);

const figures = (folder) =>
  Object.fromEntries(readdirSync(folder).map((file) => [file, JSON.parse(readFileSync(join(folder, file), "utf8"))]));
const [wanted, found] = [figures(committed), figures(measured)];
const files = new Set([...Object.keys(wanted), ...Object.keys(found)]);
let differing = 0;
for (const file of files) {
  for (const name of new Set([...Object.keys(wanted[file] ?? {}), ...Object.keys(found[file] ?? {})])) {
    const [before, now] = [wanted[file]?.[name], found[file]?.[name]];
    if (before === now) continue;
    differing += 1;
    console.error(`${file}: ${name}: ${before} is committed, ${now} is measured`);
  }
}
if (differing !== 0) {
  console.error("run `npm run snapshot` in contracts-evm and commit the result");
  process.exit(1);
}
if (check && files.size === 0) {
  console.error("nothing was measured");
  process.exit(1);
}
