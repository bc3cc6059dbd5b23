// Package templates has the words of one's own for alerts: a template for the subject and one for the text
// with which a message begins, in the syntax of text/template. It is pure.
//
// A template sees the fields of [Data] and no more. [Check] takes only what cannot take long, grow large or
// reach out: text, fields, conditions and a few functions. There are no loops, variables, definitions nor
// calls of other templates. [Fill] cuts what comes of it to a length.
//
// What a cluster has is [fsm.Templates]; it is checked before it is proposed, for a check that depends on the
// version of Go has no place where all nodes have to agree. Whoever fills one in copes with one that fails.
//
// Files:
//
//	templates.go  Check and Fill
//	words.go      what is wrong with one, in words
//	data.go       Data, and samples of it
package templates
