package kinds

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Shoutrrr is what the URL of a service says, in the form that shoutrrr made known.
type Shoutrrr struct {
	Service string
	User    string // before the host
	Pass    string
	Host    string   // with its port
	Path    []string // its parts
	Query   url.Values
}

// shoutrrrService is a service that can be told by one request whose address is checked.
type shoutrrrService struct {
	form        string // for people
	least, most int    // parts of the path
	user, pass  bool   // needed
	keys        []string
}

var shoutrrrServices = map[string]shoutrrrService{
	"gotify":     {"gotify://HOST/TOKEN", 1, 10, false, false, []string{"priority", "disabletls"}},
	"pushover":   {"pushover://shoutrrr:TOKEN@USER/", 0, 0, false, true, []string{"devices", "priority"}},
	"pushbullet": {"pushbullet://TOKEN/DEVICE", 0, 1, false, false, nil},
	"googlechat": {"googlechat://chat.googleapis.com/v1/spaces/SPACE/messages?key=KEY&token=TOKEN", 4, 4, false, false, []string{"key", "token"}},
	"mattermost": {"mattermost://USER@HOST/TOKEN/CHANNEL", 1, 2, false, false, []string{"disabletls", "icon"}},
	"rocketchat": {"rocketchat://USER@HOST/TOKEN/TOKEN/CHANNEL", 2, 3, false, false, nil},
	"zulip":      {"zulip://BOT:KEY@HOST/?stream=STREAM&topic=TOPIC", 0, 0, true, true, []string{"stream", "topic"}},
}

// ownKinds are the schemes of shoutrrr for which there is a kind of channels.
var ownKinds = map[string]string{
	"slack": "slack", "discord": "discord", "teams": "teams", "telegram": "telegram", "ntfy": "ntfy", "pagerduty": "pagerduty", "smtp": "email",
	"generic": "webhook", "generic+https": "webhook", "generic+http": "webhook",
}

// ParseShoutrrr reads the URL of a service. It tells what is wrong without repeating the URL, which is a secret.
func ParseShoutrrr(raw string) (s Shoutrrr, err error) {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > maxURL || u.Scheme == "" || u.Opaque != "" {
		return s, errors.New("it must be a URL like gotify://HOST/TOKEN")
	}
	known, ok := shoutrrrServices[u.Scheme]
	switch {
	case ownKinds[u.Scheme] != "":
		return s, fmt.Errorf("%s has a kind of its own: %s", u.Scheme, ownKinds[u.Scheme])
	case !ok:
		return s, fmt.Errorf("its service is not among those that are known: %s", strings.Join(shoutrrrNames(), ", "))
	}
	s = Shoutrrr{Service: u.Scheme, User: u.User.Username(), Host: u.Host}
	s.Pass, _ = u.User.Password()
	for part := range strings.SplitSeq(strings.Trim(u.EscapedPath(), "/"), "/") {
		text, err := url.PathUnescape(part)
		if err != nil || part == "." || part == ".." {
			return s, errors.New("it must be like " + known.form)
		}
		if text != "" {
			s.Path = append(s.Path, text)
		}
	}
	if s.Query, err = url.ParseQuery(u.RawQuery); err != nil {
		return s, errors.New("its query cannot be read")
	}
	for key := range s.Query {
		if !slices.Contains(known.keys, key) || len(s.Query[key]) > 1 {
			return s, fmt.Errorf("what follows its ? may only have %s, each once", strings.Join(append(slices.Clone(known.keys), ""), " "))
		}
	}
	return s, s.check(known, u)
}

// Server is the host that is asked; "" if that is a server of the service.
func (s Shoutrrr) Server() string {
	if s.Service == "pushover" || s.Service == "pushbullet" {
		return ""
	}
	u := url.URL{Host: s.Host}
	return u.Hostname()
}

// Secrets are the parts that must not be shown: all but the address of a server of one's own.
func (s Shoutrrr) Secrets() (list []string) {
	if s.Service == "pushover" || s.Service == "pushbullet" {
		list = append(list, s.Host) // which is a key
	}
	if s.Pass != "" {
		list = append(list, s.Pass, base64.StdEncoding.EncodeToString([]byte(s.User+":"+s.Pass)))
	}
	for _, part := range s.Path {
		if len(part) >= 8 { // shorter ones are words
			list = append(list, part)
		}
	}
	for _, key := range []string{"key", "token"} {
		list = append(list, s.Query.Get(key))
	}
	return list
}

func (s Shoutrrr) check(known shoutrrrService, u *url.URL) error {
	switch {
	case s.Host == "" || len(s.Path) < known.least || len(s.Path) > known.most || known.user && s.User == "" || known.pass && s.Pass == "" || u.Fragment != "" || !isPort(u):
		return errors.New("it must be like " + known.form)
	case s.Service == "zulip" && s.Query.Get("stream") == "":
		return errors.New("stream is missing: " + known.form)
	case s.Query.Has("disabletls") && !slices.Contains([]string{"yes", "no"}, s.Query.Get("disabletls")):
		return errors.New("disabletls must be yes or no")
	}
	if p, err := strconv.Atoi(s.Query.Get("priority")); s.Query.Has("priority") && (err != nil || p < -2 || p > 10 || p > 1 && s.Service == "pushover") {
		return errors.New("priority must be a number from -2 to 10; for pushover to 1, for 2 has to be acknowledged there")
	}
	return nil
}

func shoutrrrNames() (list []string) {
	for name := range shoutrrrServices {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

func checkShoutrrr(v string) string {
	if _, err := ParseShoutrrr(v); err != nil {
		return err.Error()
	}
	return ""
}
