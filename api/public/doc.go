// Package public shows to anybody what an admin has published: status pages and badges.
//
// They need no key, so they tell nothing but names or aliases, states, and times of
// incidents: no IDs, tokens, addresses, and no tags but those that the page was made of.
// They may be asked for by the whole world: a page is made anew every 30 s at most, all
// tags of all pages and badges are looked up in one scan in that time, and caches in front
// of a node may keep what they got as long.
//
// Files:
//
//	site.go      Site: what is kept for a while, and answers
//	groups.go    the heartbeats of tags
//	page.go      a status page
//	incident.go  where a link in a mail leads: acknowledges and snoozes an incident
//	badge.go     a badge, as a picture and for shields.io
package public
