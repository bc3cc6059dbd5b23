// Package command has alerts told by a program on the node that leads. The program gets
// the alert as environment variables and its text on standard input, and its exit status is
// the answer: 0 is sent, 75 (EX_TEMPFAIL) try again, any other refused. It gets no other
// variables of the node's than PATH, HOME and LANG, for those may hold secrets.
//
// Only a node that was started with --allow-command-channel runs any.
package command
