// Pings each token without pause until its input ends. Its arguments are the base
// URLs and the tokens; it prints how many pings of each were answered.
import { HeartbeatClient } from "@quorumbeat/heartbeat";

const [baseURL, tokens] = process.argv.slice(2).map((text) => JSON.parse(text));
let ended = false;
process.stdin.on("end", () => (ended = true)).resume();

async function pings(token) {
  const client = new HeartbeatClient("", { baseURL });
  let answered = 0;
  while (!ended) {
    await client.ping(token); // an error ends the process
    answered++;
  }
  return answered;
}

console.log(JSON.stringify(await Promise.all(tokens.map(pings))));
