// Package survey has a node ask the others, every ten seconds, how far each is, what its
// clock says and whether it runs under the cluster's settings.
//
// Nothing depends on the answers: people see them in /v1/cluster, and Prometheus in metrics.
// A node that does not answer, or is of a version that does not know the question, is not
// known; so is one whose answer is old.
//
// Files:
//
//	survey.go   asking, and what is known of each
package survey
