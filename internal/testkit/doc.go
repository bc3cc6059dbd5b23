// Package testkit holds what the tests of several packages share. Only tests may import it
// (scripts/lint/order.go), those of fsm too.
//
//   - wait.go: Eventually, Must
//   - buffer.go: Buffer, for logs
//   - bytes.go: Flip, Key
//   - listen.go: Listen
//   - folder.go: HashFolder, CopyFolder, CutFile
//   - race.go: SkipUnderRace; race_on.go, race_off.go: whether the race detector is on
package testkit
