package cron

// Describe says in English when the job fires.
func (e *Expression) Describe() string { return "" }
