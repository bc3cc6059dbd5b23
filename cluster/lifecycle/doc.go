// Package lifecycle takes down what was set up. Whoever sets up something that has
// an end registers, right after it, how that is undone and what it is called; a
// [Teardown] then undoes all of it in reverse order, at the end of an orderly life as
// well as after a set-up that failed half-way.
//
//   - teardown.go: the stack of named steps, and goroutines that end with it
//   - wakeup.go: waking a goroutine that waits for something to do
package lifecycle
