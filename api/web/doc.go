// Package web serves the dashboard: pages below /ui/ that are rendered on the server and
// work without JavaScript; one small script keeps them live.
//
// Whoever signs in with an API key gets a sealed cookie that every node can open; no node
// keeps a session, and a revoked key ends it with the next request. Forms carry a token of
// their session. Nothing inline: the Content-Security-Policy allows own files only, and
// names that jobs chose are shown as text.
//
// Lists are made of package roster, which knows all heartbeats in the order of their names;
// the hundred rows that a page shows are read anew each time. A page is shown without a
// majority too, and says then that it may be old.
//
// What needs no site is in packages below: words and pictures of facts in show, the order
// of names in roster, what settings would have alerted on in advice, the files that pages share in
// assets, who led in elections, what people type in form.
//
// Files:
//
//	web.go        the site, its routes and who may use them
//	session.go    sign-in: the sealed cookie, and tokens of forms
//	render.go     templates, assets, errors as pages
//	list.go       the rows of the list
//	heartbeat.go  one heartbeat: state, reason, history, how to ping it
//	history.go    the pings of one, by page and filter
//	edit.go       making and changing heartbeats
//	actions.go    resume, ping, delete, for one or many
//	pause.go      pausing for a time
//	rotate.go     new ping URLs
//	incidents.go  incidents, and the ledger of alerts
//	channels.go   channels: making, changing, testing
//	keys.go       API keys
//	windows.go    maintenance windows
//	published.go  status pages and badges: what anybody may see
//	cluster.go    nodes and settings
//	events.go     the stream of changes of a page
package web
