// Package testkit holds what the tests of several packages share. Only tests may import it
// (scripts/lint/order.go), those of fsm too.
//
//   - wait.go: Eventually, Must
package testkit
