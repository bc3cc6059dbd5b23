package node

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

// certificatesEvery is how often the files of certificates are looked at.
const certificatesEvery = 2 * time.Second

// reloader exchanges a running node's certificates and secrets. What cannot be read
// leaves the old ones in force.
type reloader struct {
	started *settings.Node // when the node started
	inForce *settings.Node
	again   func() (*settings.Node, error)
	node    *Node
	log     *slog.Logger
	files   string // the state of the certificates' files before they were last read
}

// reload reads the settings anew, for SIGHUP.
func (r *reloader) reload() {
	fresh, err := r.again()
	if err != nil {
		r.log.Error("SIGHUP: nothing was reloaded, the old certificates and secrets stay in force: correct the settings and send it again", "error", usage.Message(err))
		return
	}
	if names := r.needRestart(fresh); len(names) > 0 {
		r.log.Warn("SIGHUP: these settings changed, and take a restart of the node", "settings", strings.Join(names, ","))
	}
	old := *r.inForce
	changed := r.exchangeCredentials(fresh, "HTTP certificate", "cluster secret or certificate")
	keys := fresh.API.AdminKey != old.API.AdminKey || fresh.API.MetricsToken != old.API.MetricsToken
	changed = r.noteChange(changed, "admin key or metrics token", keys, r.node.server.SetKeys(fresh.API.AdminKey, fresh.API.MetricsToken))
	if fresh.Alerting.SMTPURL != old.Alerting.SMTPURL {
		changed = r.noteChange(changed, "mail server", true, r.node.mails.SetSMTPURL(fresh.Alerting.SMTPURL))
	}
	r.inForce = fresh
	r.log.Info("SIGHUP: certificates and secrets were read again", "changed", term.OrDash(strings.Join(changed, ", ")))
}

// lookAtCertificates reads the certificates again if their files changed.
func (r *reloader) lookAtCertificates() {
	now := fileStates(r.inForce.Certificates())
	if now == r.files {
		return
	}
	if err := r.inForce.CheckKeys(); err != nil {
		r.files = now
		r.log.Error("the files of certificates changed, but are not used; the old ones stay in force", "error", usage.Message(err))
		return
	}
	if changed := r.exchangeCredentials(r.inForce, "HTTP certificate", "cluster certificate"); len(changed) > 0 {
		r.log.Info("certificates were read again, because their files changed", "changed", strings.Join(changed, ", "))
	}
}

// exchangeCredentials takes the certificates and the cluster's secrets of s.
func (r *reloader) exchangeCredentials(s *settings.Node, http, cluster string) (changed []string) {
	r.files = fileStates(s.Certificates())
	is, err := r.node.server.LoadCertificate(s.API.TLSCert, s.API.TLSKey)
	changed = r.noteChange(changed, http, is, err)
	if is, err = r.node.Cluster.Trust(s.Cluster); err == nil {
		err = errors.Join(r.node.server.SetSecrets(s.Cluster.Secrets), r.node.links.setSecrets(s.Cluster.Secrets))
	}
	return r.noteChange(changed, cluster, is, err)
}

// noteChange adds what changed, and tells what could not be.
func (r *reloader) noteChange(changed []string, what string, is bool, err error) []string {
	switch {
	case err != nil:
		r.log.Error("the "+what+" was not reloaded, the old one stays in force", "error", usage.Message(err))
	case is:
		changed = append(changed, what)
	}
	return changed
}

// exchangedLive are the settings that take no restart, nor do the files that hold them.
var exchangedLive = []string{
	"cluster-secret", "cluster-tls-cert", "cluster-tls-key", "cluster-tls-ca",
	"http-tls-cert", "http-tls-key", "admin-key", "metrics-token", "smtp-url",
}

// needRestart lists the settings that changed and are in force after a restart only.
func (r *reloader) needRestart(fresh *settings.Node) []string {
	return slices.DeleteFunc(r.started.Changed(fresh), func(name string) bool {
		return slices.Contains(exchangedLive, strings.TrimSuffix(name, "-file"))
	})
}
