// Package zones has the rules of the world's time zones: those that are built in, or the machine's
// if they are newer. Which rules they are decides nothing but when the leader expects jobs: what it
// computes is replicated, so nodes with different rules stay alike.
//
// zoneinfo.zip holds the rules of the IANA time zone database as Go's own copy has them, in release
// builtIn. To renew it: pack lib/time/zoneinfo.zip of a newer Go anew, and change builtIn; a test
// compares both.
//
// Files:
//
//	zones.go    Zones: Location, Version, Refresh
//	sources.go  where rules come from, and how new they are
//	near.go     names near to an unknown one
package zones
