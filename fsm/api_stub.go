package fsm

// STUB FILE: what is still to come.

// Codec.
func AppendCommand(dst []byte, c Command) []byte     { panic("stub") }
func DecodeCommand(b []byte) (Command, error)        { panic("stub") }
func DecodePing(b []byte) (Ping, bool)               { panic("stub") }
func AppendBatch(dst []byte, b *Batch) []byte        { panic("stub") }
func DecodeBatch(entry []byte) (*Batch, error)       { panic("stub") }
func DecodeHeartbeat(data []byte) (Heartbeat, error) { panic("stub") } // of Result.Data
func encodeHeartbeat(h Heartbeat) []byte             { panic("stub") }

// Validation; the messages name field, value and limit and wrap ErrInvalid.
func (s Spec) Validate() error          { panic("stub") }
func (p Patch) Validate() error         { panic("stub") }
func (s Settings) Validate() error      { panic("stub") }
func ValidateEmail(addr string) error   { panic("stub") }
func ValidateKeyName(name string) error { panic("stub") }
func MakeSlug(name string) string       { panic("stub") } // "Nightly Sync!" → "nightly-sync"; never empty

var ErrCorrupt, ErrVersion error
