package alerting

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestARealAlertmanager is told of failures, one alone and some in a digest, and of their end.
func TestARealAlertmanager(t *testing.T) {
	program, err := exec.LookPath("prometheus-alertmanager")
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("prometheus-alertmanager is not installed")
	}
	testkit.Must(t, err)
	url := startAlertmanager(t, program)
	d := newRig(t, func(c *Config) { allowLoopback(c); c.Settings.Burst, c.Settings.GroupWait = 1, 200 })
	id := d.channel(1, "", func(c *fsm.ChannelSpec) {
		c.Kind, c.Fields = "alertmanager", []fsm.ChannelField{{Name: "url", Value: url}}
	})
	r, err := d.s.TestChannel(t.Context(), id)
	if err != nil || !r.Accepted {
		t.Fatalf("%+v, %v", r, err)
	}
	const jobs = 4
	d.f.fail(t, jobs)
	d.lead(1)
	testkit.Eventually(t, "it has an alert of each", func() bool { return len(firing(t, url)) == jobs })
	for _, a := range firing(t, url) {
		if a.Labels["source"] != "quorumbeat" || a.Labels["heartbeat_id"] == "" || a.Annotations["heartbeat"] == "" {
			t.Errorf("%+v", a)
		}
	}
	for i := range uint64(jobs) {
		d.f.must(t, fsm.Ping{Ordinal: i + 1})
	}
	testkit.Eventually(t, "all have ended", func() bool { return len(firing(t, url)) == 0 })
}

func startAlertmanager(t *testing.T, program string) (url string) {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "alertmanager.yml")
	testkit.Must(t, os.WriteFile(config, []byte("route: {receiver: none}\nreceivers: [{name: none}]\n"), 0o600))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	addr := ln.Addr().String()
	ln.Close()
	cmd := exec.Command(program, "--config.file="+config, "--storage.path="+dir, "--web.listen-address="+addr, "--cluster.listen-address=")
	testkit.Must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	url = "http://" + addr
	testkit.Eventually(t, "it is ready", func() bool {
		res, err := http.Get(url + "/-/ready")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == 200
	})
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return url
}

type firingAlert struct {
	Labels, Annotations map[string]string
}

// firing lists what fails by Alertmanager's word.
func firing(t *testing.T, url string) (list []firingAlert) {
	t.Helper()
	res, err := http.Get(url + "/api/v2/alerts?active=true&filter=alertname%3DHeartbeatDown")
	testkit.Must(t, err)
	defer res.Body.Close()
	testkit.Must(t, json.NewDecoder(res.Body).Decode(&list))
	return list
}
