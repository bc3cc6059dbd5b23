// Package shoutrrr speaks to services that are named by a URL in shoutrrr's form, like
// gotify://HOST/TOKEN. The library of that name sends in one go, by a client of its own that
// goes wherever a name leads: it can neither wait for a fence, nor have its addresses checked,
// nor say whether a request was begun. So its URLs are read here, and what it would send is
// sent as for any channel. Services that take more than one request are not among them.
//
// Files:
//
//	shoutrrr.go  Format, and the request of each service
package shoutrrr
