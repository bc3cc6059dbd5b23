// Package forward brings the commands that wait at a node to whoever can commit them, and
// lets reads wait for what is committed.
//
// Each follower has one connection to the leader, over which any number of commands are
// under way. The follower sends items, the leader sends their results, in any order, and
// something at least every 150 ms while results are missing. A follower that receives
// nothing for half a second gives the connection up. Nothing is lost by that: the table
// of proposals gives its commands to the next consumer, under their old numbers.
//
// Whoever adds an item sends it, if nobody else sends and it is worth a frame: beside many
// items without a result, a few wait for more, or for the leader's next frame.
//
// Files:
//
//   - router.go: who takes this node's commands: its batcher, the leader, or nobody yet
//   - leader_conn.go: a follower's end of the connection
//   - server.go, follower_conn.go: the leader's end
//   - frame.go: what goes over the connection
//   - barrier.go: one read barrier for all reads that wait
package forward
