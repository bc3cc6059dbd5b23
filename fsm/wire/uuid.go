package wire

// RandomUUID makes a UUID of version 4 from 16 random bytes, by setting its version
// and variant bits.
func RandomUUID(random [16]byte) [16]byte {
	random[6] = random[6]&0x0f | 0x40
	random[8] = random[8]&0x3f | 0x80
	return random
}
