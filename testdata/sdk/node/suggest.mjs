// Prints what a heartbeat's history suggests. Its arguments are the base URLs, the heartbeat's ID and settings to try.
import { HeartbeatClient } from "@quorumbeat/heartbeat";

const [baseURL, id, params] = process.argv.slice(2).map((text) => JSON.parse(text));
const client = new HeartbeatClient(process.env.QUORUMBEAT_API_KEY, { baseURL });
console.log(JSON.stringify(await client.suggest(id, params ?? {})));
