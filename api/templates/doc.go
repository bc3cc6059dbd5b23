// Package templates says what clients are told of the words of one's own for alerts, and checks what they say.
//
// Files:
//
//	json.go  the templates, and what they would say, as JSON
package templates
