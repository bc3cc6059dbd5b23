// Package request reads what every handler needs of a request, whoever sent it: the path as it came, the
// key that it shows, and a bounded part of its body. [Problem] is an error that says itself what the client is told.
//
//	path.go     the raw path, and parts of it
//	body.go     bodies, which are streams
//	json.go     JSON objects, strictly, and times as answers have them
//	key.go      the key in Authorization
//	problem.go  errors that clients see
package request
