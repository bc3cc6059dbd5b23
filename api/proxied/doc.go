// Package proxied tells what reverse proxies in front of a node hide: the address of the
// client, and the URL that clients reach the cluster at. It believes only proxies that the
// operator named.
//
//	networks.go    the trusted networks; the nearest address that is no trusted proxy's
//	forwarded.go   reading X-Forwarded-For and Forwarded, from the right
//	public_url.go  --public-url, and which Host headers may stand in a URL
package proxied
