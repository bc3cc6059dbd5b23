package selfwatch

import (
	"fmt"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Certificate is one of this node's.
type Certificate struct {
	Use                 string // what for, like "HTTP"
	NotBefore, NotAfter time.Time
}

const warnBefore = 14 * 24 * time.Hour

// expiresSoon reports whether there is little time left: 14 days, or a quarter of a short life, so that whoever renews
// certificates has had the chance.
func (c Certificate) expiresSoon(now time.Time) bool {
	return c.NotAfter.Sub(now) < min(warnBefore, c.NotAfter.Sub(c.NotBefore)/4)
}

// planCertificates returns what a node has to propose of its own certificates.
func planCertificates(now time.Time, self fsm.NodeID, name string, list []Certificate, open map[fsm.SystemSubject]bool) (cmds []fsm.Command) {
	has := map[fsm.SystemSubject]bool{}
	for _, c := range list {
		subject := fsm.SystemSubject{Kind: fsm.SystemCertificate, Node: self, Part: c.Use}
		has[subject] = true
		switch soon := c.expiresSoon(now); {
		case soon && !open[subject]:
			cmds = append(cmds, fsm.BeginSystem{Subject: subject, Node: name, Since: now.UnixMilli(), Detail: fmt.Sprintf(
				"Its %s certificate is valid until %s. Renew it: the node takes the new files by itself.", c.Use, c.NotAfter.UTC().Format("2006-01-02 15:04 UTC"))})
		case !soon && open[subject]:
			cmds = append(cmds, fsm.EndSystem{Subject: subject, Detail: fmt.Sprintf("Its %s certificate is valid until %s.", c.Use, c.NotAfter.UTC().Format("2006-01-02 15:04 UTC"))})
		}
	}
	for subject := range open {
		if subject.Kind == fsm.SystemCertificate && subject.Node == self && !has[subject] {
			cmds = append(cmds, fsm.EndSystem{Subject: subject, Detail: "It is used no more.", Quiet: true})
		}
	}
	return cmds
}
