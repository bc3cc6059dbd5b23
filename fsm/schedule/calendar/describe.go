package calendar

// Describe says in English when the time elapses.
func (e *Expression) Describe() string { return "" }
