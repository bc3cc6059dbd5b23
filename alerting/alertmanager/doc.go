// Package alertmanager writes alerts for the API v2 of Prometheus Alertmanager, which
// then groups, silences and routes them. An incident is one alert there, known by its
// labels; a recovery ends it. A digest is a list of alerts.
//
// Alertmanager forgets an alert that is not told again before its end. An incident is told
// once, so its end is set a year ahead. It also forgets all when it restarts.
package alertmanager
