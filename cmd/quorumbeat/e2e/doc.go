// Package e2e tests the real binary: nodes that are processes of their own on
// loopback, real files, a real SMTP server, real kills. Its tests say what
// somebody who runs quorumbeat may rely on; they use nothing of the server's
// packages, only what a user has: HTTP, the command line, mail.
//
// Times are real, and most tests wait rather than compute, so they run side by
// side. Where a test must show that something does not happen, it waits for a
// later event of the same kind (see canary) rather than for a while.
package e2e
