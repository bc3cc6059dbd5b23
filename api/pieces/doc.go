// Package pieces makes long answers while they are written, so that they take the same memory however long they are, and
// cuts off clients that read too slowly, so that they cannot keep the place that such an answer has.
//
// Files:
//
//	answer.go  Answer: the body of an answer, piece by piece; Body: what it has in common with scrapes
//	pace.go    Pace: how fast a client has to read
package pieces
