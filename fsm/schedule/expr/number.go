package expr

// Number reads up to four digits; more are more than any limit.
func Number(text string) (int, bool) {
	if text == "" {
		return 0, false
	}
	n := 0
	for i := range len(text) {
		c := text[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = min(n*10+int(c-'0'), 9999)
	}
	return n, true
}
