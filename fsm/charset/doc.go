// Package charset knows which characters a name may not have, or may not consist of.
//
//	charset.go   their tables
package charset
