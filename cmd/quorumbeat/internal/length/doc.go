// Package length reads and shows lengths of time as people write them: 90s, 1h30m, 1d, 2w.
package length
