// Package check has the numbers that come with pings, and the checks that a heartbeat has
// of them: "bytes > 0", "bytes >= 0.5 * last", "seconds <= 3 * median", "exit_code == 0",
// `body contains "done"`. A good run that breaks a check is a failure.
//
// All of it is pure and total: every text parses or is refused with words, and every
// parsed check has an answer for every run. The rules where something is missing:
//
//   - A number that the job did not send breaks the checks of it: whoever expects bytes > 0
//     wants to know if none are told any more.
//   - What the monitor itself would have to know (seconds without a start, exit_code
//     without one, a body that was left out for lack of room) breaks nothing.
//   - Without an earlier value there is no last and no median, and what compares with them
//     holds. The median is that of the values that there are, the newest 20 at most.
//
// Numbers are finite, and are compared as they are. Products are single multiplications,
// so that all processors get the same.
//
// Files:
//
//	number.go    Number: reading and writing names and values
//	codec.go     their encoding
//	check.go     Check and its limits
//	parse.go     reading a check
//	near.go      what was probably meant, for the words of a refusal
//	evaluate.go  Run, and what it breaks
package check
