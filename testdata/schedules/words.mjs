// Prints what cronstrue (npm, 3.39) says of the expressions in words.tsv, one a line: its third column.
// Usage, where cronstrue is installed: node words.mjs < words.tsv
import cronstrue from "cronstrue";
import { readFileSync } from "node:fs";

for (const line of readFileSync(0, "utf8").trim().split("\n")) {
  const [expression, ours] = line.split("\t");
  let theirs = "";
  try {
    theirs = cronstrue.toString(expression, { use24HourTimeFormat: true });
  } catch {
    // calendar times are none of its business
  }
  console.log([expression, ours ?? "", theirs].join("\t"));
}
