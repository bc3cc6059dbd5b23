package main

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
)

// certificatesEvery is how often the files of certificates are looked at.
const certificatesEvery = 2 * time.Second

// settings are a node's, and the flags that they were read into.
type settings struct {
	*serveSettings
	flags *pflag.FlagSet
}

// settingsAgain returns a function that reads the settings from everywhere, like the
// first time. It must be called before the first time: it keeps what the command line says.
func (p *program) settingsAgain(line *pflag.FlagSet) func() (*settings, error) {
	given := map[string]string{}
	line.Visit(func(f *pflag.Flag) { given[f.Name] = f.Value.String() })
	return func() (*settings, error) {
		s := &settings{newServeSettings(), pflag.NewFlagSet("serve", pflag.ContinueOnError)}
		s.register(s.flags)
		for name, value := range given {
			if err := s.flags.Set(name, value); err != nil {
				return nil, err
			}
		}
		return s, s.load(p, s.flags)
	}
}

// reloader exchanges a running node's certificates and secrets. What cannot be read
// leaves the old ones in force.
type reloader struct {
	inForce *settings
	again   func() (*settings, error)
	node    *node
	log     *slog.Logger
	files   string // the state of the certificates' files before they were last read
}

// reload reads the settings anew, for SIGHUP.
func (r *reloader) reload() {
	fresh, err := r.again()
	if err != nil {
		r.log.Error("SIGHUP: nothing was reloaded, the old certificates and secrets stay in force: correct the settings and send it again", "error", message(err))
		return
	}
	if names := r.needRestart(fresh); len(names) > 0 {
		r.log.Warn("SIGHUP: these settings changed, and take a restart of the node", "settings", strings.Join(names, ","))
	}
	old := *r.inForce.serveSettings
	changed := r.exchange(fresh, "HTTP certificate", "cluster secret or certificate")
	keys := fresh.api.AdminKey != old.api.AdminKey || fresh.api.MetricsToken != old.api.MetricsToken
	changed = r.note(changed, "admin key or metrics token", keys, r.node.server.SetKeys(fresh.api.AdminKey, fresh.api.MetricsToken))
	if fresh.alerting.SMTPURL != old.alerting.SMTPURL {
		changed = r.note(changed, "mail server", true, r.node.mails.SetSMTPURL(fresh.alerting.SMTPURL))
	}
	r.inForce.serveSettings = fresh.serveSettings
	r.log.Info("SIGHUP: certificates and secrets were read again", "changed", term.OrDash(strings.Join(changed, ", ")))
}

// lookAtCertificates reads the certificates again if their files changed.
func (r *reloader) lookAtCertificates() {
	now := stateOf(r.inForce.certificates())
	if now == r.files {
		return
	}
	if err := r.inForce.checkKeys(); err != nil {
		r.files = now
		r.log.Error("the files of certificates changed, but are not used; the old ones stay in force", "error", message(err))
		return
	}
	if changed := r.exchange(r.inForce, "HTTP certificate", "cluster certificate"); len(changed) > 0 {
		r.log.Info("certificates were read again, because their files changed", "changed", strings.Join(changed, ", "))
	}
}

// exchange takes the certificates and the cluster's secrets of s.
func (r *reloader) exchange(s *settings, http, cluster string) (changed []string) {
	r.files = stateOf(s.certificates())
	is, err := r.node.server.LoadCertificate(s.api.TLSCert, s.api.TLSKey)
	changed = r.note(changed, http, is, err)
	is, err = r.node.cluster.Trust(s.cluster)
	return r.note(changed, cluster, is, err)
}

// note adds what changed, and tells what could not be.
func (r *reloader) note(changed []string, what string, is bool, err error) []string {
	switch {
	case err != nil:
		r.log.Error("the "+what+" was not reloaded, the old one stays in force", "error", message(err))
	case is:
		changed = append(changed, what)
	}
	return changed
}

// exchanged are the settings that take no restart, nor do the files that hold them.
var exchanged = []string{
	"cluster-secret", "cluster-tls-cert", "cluster-tls-key", "cluster-tls-ca",
	"http-tls-cert", "http-tls-key", "admin-key", "metrics-token", "smtp-url",
}

// needRestart lists the settings that changed and are in force after a restart only.
func (r *reloader) needRestart(fresh *settings) (names []string) {
	r.inForce.flags.VisitAll(func(f *pflag.Flag) {
		now := fresh.flags.Lookup(f.Name)
		if now != nil && now.Value.String() != f.Value.String() && !slices.Contains(exchanged, strings.TrimSuffix(f.Name, "-file")) {
			names = append(names, f.Name)
		}
	})
	return names
}
