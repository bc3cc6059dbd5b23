package wire

import "hash/crc32"

// Castagnoli is the table of the checksums on disk and in snapshots: hardware
// computes them at memory speed.
var Castagnoli = crc32.MakeTable(crc32.Castagnoli)
